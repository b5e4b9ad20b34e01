import { compile } from './compile.ts';
import type { Decision } from './decision.ts';
import type { Host } from './host.ts';
import { hasPort } from './ports.ts';
import type { Allowlist, Rule } from './rule.ts';
import { RuleIndex } from './rule-index.ts';

/** A rule whose pattern matches the host. */
export interface RuleMatch {
  readonly rule: Rule;
  /** Whether the rule is for the port as well. */
  readonly isForPort: boolean;
  /** Whether the rule has expired, and so has no say. */
  readonly isExpired: boolean;
}

/** A decision, and every rule that bears on it. */
export interface Explanation {
  readonly decision: Decision;
  /** In the order of the rules. */
  readonly matches: readonly RuleMatch[];
}

/** What an allowlist says of a host and a port, with all the rules that match the host, also those that do not decide. */
export function explain(
  allowlist: Allowlist,
  target: { readonly host: Host; readonly port: number },
  options: { readonly atMs?: number } = {},
): Explanation {
  const { host, port } = target;
  const { atMs = 0 } = options;
  // Expired denies are not in an index of their time; here they are to be shown, and so this one knows no time.
  const index = new RuleIndex(allowlist.rules, Number.NEGATIVE_INFINITY);
  for (let id = 0; id < allowlist.rules.length; id++) index.add(id);
  const ids: number[] = [];
  index.forEachMatch(host, { wants: () => true, match: (id) => void ids.push(id) });
  const matches = ids
    .sort((a, b) => a - b)
    .map((id) => {
      const rule = index.rule(id);
      return {
        rule,
        isForPort: hasPort(rule.ports, port, allowlist.defaultPorts),
        isExpired: rule.expiresAtMs !== undefined && rule.expiresAtMs <= atMs,
      };
    });
  return { decision: compile(allowlist, { atMs }).decide(host, port), matches };
}
