import type { SeenTarget, Usage } from '../../usage/usage.ts';

/** What became of the requests for a target. */
interface SeenParts {
  readonly port?: number;
  readonly allowed?: number;
  readonly wouldDeny?: number;
  /** Refusals by reason. */
  readonly refused?: Readonly<Record<string, number>>;
  readonly lastMs?: number;
}

/** A target as a log has it. */
export function seen(host: string, parts: SeenParts = {}): SeenTarget {
  const { port = 443, allowed = 0, wouldDeny = 0, refused = {}, lastMs = 0 } = parts;
  const outcome = { event: 'decision', rule: undefined, alias: undefined } as const;
  const denied = Object.values(refused).reduce((sum, count) => sum + count, 0);
  return {
    host,
    port,
    allowed,
    denied,
    wouldDeny,
    bytesUp: 0,
    bytesDown: 0,
    firstMs: 0,
    lastMs,
    outcomes: [
      ...(allowed === 0
        ? []
        : [
            {
              ...outcome,
              decision: 'allow' as const,
              reason: 'allowed-by-rule',
              reportOnly: false,
              count: allowed,
            },
          ]),
      ...(wouldDeny === 0
        ? []
        : [
            {
              ...outcome,
              decision: 'allow' as const,
              reason: 'not-listed',
              reportOnly: true,
              count: wouldDeny,
            },
          ]),
      ...Object.entries(refused).map(([reason, count]) => ({
        ...outcome,
        decision: 'deny' as const,
        reason,
        reportOnly: false,
        count,
      })),
    ],
  };
}

/** A log of these targets. */
export function usageOf(targets: readonly SeenTarget[], parts: Partial<Usage> = {}): Usage {
  return { targets, lines: 0, unreadable: 0, overflow: 0, firstMs: undefined, lastMs: undefined, ...parts };
}
