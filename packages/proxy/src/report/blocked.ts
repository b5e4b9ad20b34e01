import { LRUCache } from 'lru-cache';
import type { AuditEvent } from './audit.ts';

/** A host and port that was refused, and how often. */
export interface BlockedTarget {
  readonly host: string;
  readonly port: number;
  readonly count: number;
  /** The last reason. */
  readonly reason: string;
  readonly rule?: string | undefined;
  /** Milliseconds since 1970. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** True when report-only mode let it pass. */
  readonly reportOnly: boolean;
}

/** Keeps what was blocked, one entry a target, the most recent ones. */
export class BlockedTargets {
  readonly #targets: LRUCache<string, BlockedTarget>;

  /** @param max How many targets are kept. */
  constructor(max = 1000) {
    this.#targets = new LRUCache({ max });
  }

  add(event: AuditEvent): void {
    const reportOnly = event.reportOnly === true;
    if ((event.decision !== 'deny' && !reportOnly) || event.host === '') return;
    const { host, port, rule, reason = '' } = event;
    const key = `${host} ${port}`;
    const known = this.#targets.get(key);
    const nowMs = Date.now();
    const firstMs = known?.firstMs ?? nowMs;
    this.#targets.set(key, {
      host,
      port,
      count: (known?.count ?? 0) + 1,
      reason,
      rule,
      firstMs,
      lastMs: nowMs,
      reportOnly,
    });
  }

  /** Most often blocked first. */
  list(): BlockedTarget[] {
    return [...this.#targets.values()].sort((a, b) => b.count - a.count || a.host.localeCompare(b.host));
  }
}
