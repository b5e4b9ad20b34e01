import { type Allowlist, compile, type Rule, tryParseHost } from '@paude/allowlist';
import type { Outcome, Usage } from '../usage/usage.ts';

/** How much a rule was used. */
export interface RuleUse {
  /** Requests that it decided: of an allow those that were let pass, of a deny those that were refused. */
  readonly count: number;
  /** Different targets of them. */
  readonly targets: number;
  /** When it was used last, milliseconds since 1970. */
  readonly lastMs?: number;
}

/** What each rule decides of what was seen. */
export function ruleUses(
  allowlist: Allowlist,
  usage: Usage,
  options: { readonly atMs: number },
): ReadonlyMap<Rule, RuleUse> {
  const policy = compile(allowlist, options);
  const uses = new Map<Rule, RuleUse>(allowlist.rules.map((rule) => [rule, { count: 0, targets: 0 }]));
  for (const target of usage.targets) {
    const host = tryParseHost(target.host);
    if (typeof host !== 'string') continue;
    const { rule, result, reason } = policy.decide(host, target.port);
    const isByRule = result === 'allow' || reason === 'denied-by-rule';
    const count = result === 'allow' ? target.allowed + target.wouldDeny : refusals(target.outcomes);
    if (rule === undefined || !isByRule || count === 0) continue;
    const known = uses.get(rule) ?? { count: 0, targets: 0 };
    const lastMs = Math.max(known.lastMs ?? 0, target.lastMs);
    uses.set(rule, {
      count: known.count + count,
      targets: known.targets + 1,
      ...(lastMs === 0 ? {} : { lastMs }),
    });
  }
  return uses;
}

function refusals(outcomes: readonly Outcome[]): number {
  return outcomes.reduce((sum, { decision, count }) => sum + (decision === 'deny' ? count : 0), 0);
}
