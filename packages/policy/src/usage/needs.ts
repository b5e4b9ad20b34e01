import { type Host, tryParseHost } from '@paude/allowlist';
import type { Outcome, SeenTarget, Usage } from './usage.ts';

/** Reasons of denials that another allowlist would end; `blocked` is what logs without reasons say. */
const LISTABLE: ReadonlySet<string> = new Set([
  'not-listed',
  'empty-allowlist',
  'port-not-allowed',
  'rule-expired',
  'address-not-listed',
  'blocked',
]);

/** What became of requests: `would-deny` is what only report-only mode let pass. */
export type SeenStatus = 'allowed' | 'would-deny' | 'denied';

/** A host at the ports at which it was asked for, all with the same status. */
export interface Need {
  readonly host: Host;
  readonly ports: ReadonlySet<number>;
  readonly status: SeenStatus;
  readonly requests: number;
  readonly bytes: number;
}

/** What an allowlist has to allow so that what was let pass is allowed (`passed`), and what was refused for want of a rule. */
export interface Needs {
  readonly passed: readonly Need[];
  readonly refused: readonly Need[];
}

/** Sums usage up by host. A target that was let pass once counts as passed, also where it was refused before. */
export function needsOf(usage: Usage): Needs {
  const passed = new Map<string, MutableNeed>();
  const refused = new Map<string, MutableNeed>();
  for (const target of usage.targets) {
    const host = tryParseHost(target.host);
    if (typeof host !== 'string' || target.port === 0) continue;
    const status = statusOf(target);
    if (status === undefined) continue;
    const needs = status === 'denied' ? refused : passed;
    const known = needs.get(host) ?? { host, ports: new Set(), status, requests: 0, bytes: 0 };
    known.ports.add(target.port);
    // One port that a rule allows makes the host one that was allowed.
    if (status === 'allowed') known.status = status;
    known.requests += target.outcomes.reduce(
      (sum, outcome) => sum + (counts(outcome, status) ? outcome.count : 0),
      0,
    );
    known.bytes += target.bytesUp + target.bytesDown;
    needs.set(host, known);
  }
  return { passed: [...passed.values()], refused: [...refused.values()] };
}

type MutableNeed = { -readonly [Key in keyof Need]: Need[Key] } & { readonly ports: Set<number> };

function statusOf({ outcomes }: SeenTarget): SeenStatus | undefined {
  return (['allowed', 'would-deny', 'denied'] as const).find((status) =>
    outcomes.some((outcome) => counts(outcome, status)),
  );
}

function counts({ event, decision, reason, reportOnly }: Outcome, status: SeenStatus): boolean {
  if (event !== 'decision') return false;
  if (status === 'denied') return decision === 'deny' && LISTABLE.has(reason);
  if (status === 'would-deny') return decision === 'allow' && reportOnly && LISTABLE.has(reason);
  // What the proxy answered itself needs no rule.
  return decision === 'allow' && !reportOnly && reason !== 'answered';
}
