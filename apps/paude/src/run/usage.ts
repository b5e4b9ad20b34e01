import type { AuditEvent } from '@paude/proxy';

/** What a run did with one target. */
export interface TargetUsage {
  readonly host: string;
  readonly port: number;
  /** Requests that were let through. */
  reached: number;
  /** Requests that were refused, or would have been but for report-only mode. */
  blocked: number;
  /** Why the last of those was. */
  reason?: string;
  /** From the command to the target. */
  bytesUp: number;
  /** From the target to the command. */
  bytesDown: number;
}

/** Counts what a run reached and what was refused to it, from the audit events of its proxy. */
export class RunUsage {
  readonly #targets = new Map<string, TargetUsage>();
  /** Requests that were let through and have not ended, with their targets. */
  readonly #open = new Map<string, TargetUsage>();

  /** @returns whether the event is one of something refused. */
  add(event: AuditEvent): boolean {
    const { host, port, id, tunnel, decision, reason } = event;
    // A target that could not be read has no name.
    if (host === '') return false;
    const target = this.#target(host, port);
    if (event.event === 'close') {
      const wasOpen = this.#open.delete(id);
      // What goes through an intercepted tunnel is counted with the tunnel.
      if (tunnel === undefined) {
        target.bytesUp += event.bytesUp ?? 0;
        target.bytesDown += event.bytesDown ?? 0;
      }
      return wasOpen && decision === 'deny' && this.#block(target, reason);
    }
    if (decision === 'deny') return this.#block(target, reason);
    if (tunnel === undefined) target.reached++;
    this.#open.set(id, target);
    return event.reportOnly === true && this.#block(target, reason);
  }

  /** Whether something is still open to a target. */
  isOpen(host: string, port: number): boolean {
    return [...this.#open.values()].some((target) => target.host === host && target.port === port);
  }

  /** By name, then by port. */
  get targets(): readonly TargetUsage[] {
    return [...this.#targets.values()].sort((a, b) =>
      a.host === b.host ? a.port - b.port : a.host < b.host ? -1 : 1,
    );
  }

  #block(target: TargetUsage, reason: string | undefined): true {
    target.blocked++;
    if (reason !== undefined) target.reason = reason;
    return true;
  }

  #target(host: string, port: number): TargetUsage {
    const key = `${host}\n${port}`;
    const known = this.#targets.get(key);
    if (known !== undefined) return known;
    const target = { host, port, reached: 0, blocked: 0, bytesUp: 0, bytesDown: 0 };
    this.#targets.set(key, target);
    return target;
  }
}
