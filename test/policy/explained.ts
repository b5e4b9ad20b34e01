import { type Allowlist, compile, type Host, hostAddress, hostKind, type Rule } from '@paude/allowlist';
import type { Diagnostic } from '@paude/policy';

/** A target on which an object and the allowlist that it was made of are at odds. */
export interface Disagreement {
  readonly host: Host;
  readonly port: number;
  readonly allowed: 'only by the object' | 'only by the allowlist';
}

/**
 * Whether diagnostics name the rule of a disagreement, with the effect that it is. More than the allowlist: the deny that
 * does not hold, or an allow that reaches the host, as `widened`. Less: every rule that allows the target, as `narrowed` or
 * `inexpressible`, or a deny that holds more than it says.
 */
export function isExplained(
  { host, port, allowed }: Disagreement,
  allowlist: Allowlist,
  diagnostics: readonly Diagnostic[],
  atMs: number,
): boolean {
  const named = (rule: Rule, effects: readonly Diagnostic['effect'][]) =>
    diagnostics.some((diagnostic) => diagnostic.rule === rule && effects.includes(diagnostic.effect));
  if (allowed === 'only by the object') {
    return allowlist.rules.some((rule) => reaches(rule, host) && named(rule, ['widened']));
  }
  const alone = (rule: Rule) =>
    compile({ ...allowlist, rules: [rule] }, { atMs }).decide(host, port).result === 'allow';
  const allowing = allowlist.rules.filter((rule) => rule.effect === 'allow' && alone(rule));
  return (
    allowing.every((rule) => named(rule, ['narrowed', 'inexpressible'])) ||
    allowlist.rules.some((rule) => rule.effect === 'deny' && reaches(rule, host) && named(rule, ['narrowed']))
  );
}

/** Whether a host is at or below what a rule names, or is an address as the rule's are. */
function reaches({ pattern }: Rule, host: Host): boolean {
  switch (pattern.kind) {
    case 'any':
      return true;
    case 'address':
      return (
        hostKind(host) === 'name' ||
        hostAddress(host)?.family === pattern.cidr.family ||
        pattern.cidr.family === 4
      );
    case 'glob':
    case 'expression':
      return pattern.suffix === '' || host === pattern.suffix || host.endsWith(`.${pattern.suffix}`);
    default:
      return host === pattern.name || host.endsWith(`.${pattern.name}`);
  }
}
