import {
  type Allowlist,
  compile,
  type Decision,
  type Host,
  type Policy,
  type Rule,
  tryParseHost,
} from '@paude/allowlist';
import type { Usage } from './usage.ts';

/** Rules that overlap more than so many times are not told apart further. */
const MAX_ROUNDS = 50;

/**
 * The allow rules that match nothing that was let pass, in their order. A rule that matches but never decides, because
 * another stands before it, is used.
 */
export function unusedRules(allowlist: Allowlist, usage: Usage): Rule[] {
  const seen = usage.targets
    .filter(({ allowed, wouldDeny }) => allowed + wouldDeny > 0)
    .flatMap(({ host, port }) => {
      const parsed = tryParseHost(host);
      return typeof parsed === 'string' ? [{ host: parsed, port }] : [];
    });
  let unused = allowlist.rules.filter(({ effect }) => effect === 'allow');
  // Each round finds the first of the rules that match a target; what is left then shows the ones behind it.
  for (let round = 0; round < MAX_ROUNDS && unused.length > 0; round++) {
    const used = decidingRules(compile({ ...allowlist, rules: unused }), seen);
    if (used.size === 0) break;
    unused = unused.filter(({ text }) => !used.has(text));
  }
  return unused;
}

function decidingRules(
  policy: Policy,
  seen: readonly { readonly host: Host; readonly port: number }[],
): Set<string> {
  const used = new Set<string>();
  for (const { host, port } of seen) {
    const { result, rule } = policy.decide(host, port);
    if (result === 'allow') used.add(rule.text);
  }
  return used;
}

/** A target that was refused. */
export interface DeniedHost {
  readonly host: Host;
  readonly port: number;
  readonly requests: number;
  /** Reasons of the log and how often each, the commonest first. */
  readonly reasons: readonly { readonly reason: string; readonly count: number }[];
  /** What the policy says of it now. */
  readonly now: Decision;
}

/** What was refused and is still denied, or would be allowed now; the most asked for first. */
export function deniedHosts(usage: Usage, policy: Policy): DeniedHost[] {
  return usage.targets
    .flatMap(({ host, port, outcomes }): DeniedHost[] => {
      const parsed = tryParseHost(host);
      const refused = outcomes.filter(({ decision, reportOnly }) => decision === 'deny' || reportOnly);
      if (typeof parsed !== 'string' || refused.length === 0) return [];
      const counts = new Map<string, number>();
      for (const { reason, count } of refused) counts.set(reason, (counts.get(reason) ?? 0) + count);
      const reasons = [...counts]
        .map(([reason, count]) => ({ reason, count }))
        .sort((a, b) => b.count - a.count);
      const requests = refused.reduce((sum, { count }) => sum + count, 0);
      return [{ host: parsed, port, requests, reasons, now: policy.decide(parsed, port) }];
    })
    .sort((a, b) => b.requests - a.requests || (a.host < b.host ? -1 : 1));
}
