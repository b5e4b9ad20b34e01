import { type Allowlist, type Finding, lintReach, type Rule } from '@paude/allowlist';
import { higherRisk, type Risk } from './row.ts';

/** What a rule opens. */
export interface RuleRisk {
  readonly risk: Risk;
  /** What is wrong with it, without a full stop; undefined when it is as narrow as rules can be. */
  readonly why?: string;
}

/**
 * How much each allow rule opens. `high` where data can leave to anyone: every host, suffixes under which anyone can have
 * a name, places where anyone can write, wide ranges, open expressions. `medium` where less is checked: code hosts and
 * package registries, addresses instead of names, other ports than 80 and 443, tunnels without TLS. `low` otherwise.
 *
 * @param rules The rules that are asked about; `allowlist` has the denies that take back what they open.
 */
export function ruleRisks(
  rules: readonly Rule[],
  allowlist: Allowlist,
  options: { readonly atMs: number },
): ReadonlyMap<Rule, RuleRisk> {
  const asked = rules.filter(({ effect }) => effect === 'allow');
  const denies = allowlist.rules.filter(({ effect }) => effect === 'deny');
  // Of rules with one text, the first alone is found to have something.
  const findings = new Map<string, Finding[]>();
  for (const finding of lintReach({ ...allowlist, rules: [...asked, ...denies] }, options)) {
    const known = findings.get(finding.rule.text);
    if (known === undefined) findings.set(finding.rule.text, [finding]);
    else known.push(finding);
  }
  return new Map(asked.map((rule) => [rule, riskOf(rule, findings.get(rule.text) ?? [])]));
}

function riskOf(rule: Rule, findings: readonly Finding[]): RuleRisk {
  let risk = baseRisk(rule);
  for (const finding of findings) risk = higherRisk(risk, riskOfFinding(finding));
  const worst = findings.find((finding) => riskOfFinding(finding) === risk);
  return worst === undefined ? { risk } : { risk, why: worst.message };
}

function baseRisk({ pattern, ports, tls }: Rule): Risk {
  const isWeb =
    ports === 'default' || (ports !== 'all' && ports.every((port) => port === 80 || port === 443));
  return pattern.kind === 'address' || tls === 'any' || !isWeb ? 'medium' : 'low';
}

function riskOfFinding({ code, severity }: Finding): Risk {
  switch (code) {
    case 'allows-all':
    case 'public-suffix-wide':
    case 'unanchored-expression':
    case 'broad-address-range':
      return 'high';
    case 'anyone-can-write':
      return severity === 'info' ? 'medium' : 'high';
    case 'wide-port':
    case 'special-use-address':
      return 'medium';
    default:
      return 'none';
  }
}
