import { type Allowlist, formatAddress, type Rule } from '@paude/allowlist';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { Intent } from '../model/intent.ts';
import { cidrsMeet, familiesOf, refusedRanges, withoutCidrs } from './cidrs.ts';
import { Remarks } from './diagnose.ts';
import type { Dialect } from './dialect.ts';
import { type Atom, type Entry, entriesOf } from './entry.ts';
import { settleDenies } from './plan-denies.ts';
import { portsOf } from './ports.ts';
import { sayRule } from './say-rule.ts';

/** What an object has to say, in the patterns that its kind knows, and how that differs from the allowlist. */
export interface Plan {
  readonly allows: readonly Entry[];
  /** To stand before the allows; only those that meet one of them. */
  readonly denies: readonly Entry[];
  readonly remarks: Remarks;
}

/** The diagnostics of a plan, each once, in the order of the rules that they are about. */
export function diagnosticsOf(
  { remarks }: Pick<Plan, 'remarks'>,
  { rules }: Allowlist,
): readonly Diagnostic[] {
  const places = new Map(rules.map((rule, place) => [rule, place]));
  const place = ({ rule }: Diagnostic) => (rule === undefined ? -1 : (places.get(rule) ?? -1));
  const once = new Map(
    remarks.diagnostics.map((diagnostic) => [
      `${diagnostic.code} ${place(diagnostic)} ${diagnostic.message}`,
      diagnostic,
    ]),
  );
  return [...once.values()].sort((a, b) => place(a) - place(b));
}

/** Goes through the rules of an allowlist for one object. */
export function planNames(allowlist: Allowlist, intent: Intent, dialect: Dialect, object: string): Plan {
  const remarks = new Remarks(dialect, object);
  const rules = allowlist.rules.filter((rule) => isInForce(rule, intent, remarks));
  const atoms: Atom[] = [];
  for (const rule of rules) {
    if (rule.effect === 'deny') continue;
    const isEvery = rule.ports === 'all' && dialect.ports === 'numbered';
    const ports = portsOf(isEvery ? 'default' : rule.ports, allowlist);
    const patterns = sayRule(rule, intent, dialect, remarks);
    if (patterns.length > 0) remarkPorts(rule, dialect, remarks);
    for (const pattern of patterns) atoms.push({ rule, pattern, ports });
  }
  const reachable = withoutRefused(atoms, intent, dialect, remarks);
  const denies = rules.filter(({ effect }) => effect === 'deny');
  const settled = settleDenies(reachable, denies, { allowlist, intent, dialect, remarks });
  for (const { rule, pattern } of settled.denies)
    if (pattern.kind === 'address') remarkDeniedRange(rule, remarks);
  return { allows: entriesOf(settled.allows), denies: entriesOf(settled.denies), remarks };
}

function isInForce(rule: Rule, { atMs }: Intent, remarks: Remarks): boolean {
  const { expiresAtMs } = rule;
  if (expiresAtMs === undefined) return true;
  const isExpired = expiresAtMs <= atMs;
  remarks.add({
    what: isExpired ? 'rule-expired' : 'rule-expires',
    effect: 'note',
    severity: isExpired ? 'info' : 'warning',
    rule,
    message: isExpired
      ? 'it has expired and is left out'
      : `it expires at ${new Date(expiresAtMs).toISOString()}, and the object goes on`,
    remedy: isExpired ? 'Remove the rule' : 'Apply the objects again after that',
  });
  return !isExpired;
}

function remarkPorts(rule: Rule, dialect: Dialect, remarks: Remarks): void {
  if (dialect.ports === 'none' && rule.ports !== 'all') {
    remarks.add({
      what: 'ports-unsayable',
      effect: 'widened',
      rule,
      message: 'this kind knows no ports, so every port of it passes',
      remedy: 'Leave ports to the proxy, and let nothing but the proxy out',
    });
  }
  if (dialect.ports === 'numbered' && rule.ports === 'all') {
    remarks.add({
      what: 'ports-unsayable',
      effect: 'narrowed',
      rule,
      message: 'ports are listed one by one here, so it is allowed at the default ports alone',
      remedy: 'Name the ports that are needed',
    });
  }
  if (dialect.ports === 'listed' || dialect.ports === 'none') {
    const isAll = dialect.ports === 'none' || rule.ports === 'all';
    if (!isAll) return;
    remarks.add({
      what: 'ports-protocols',
      effect: 'widened',
      severity: 'info',
      rule,
      message: 'every port can only be said with every protocol, so UDP, SCTP and ICMP pass as well',
      remedy: 'Name the ports where that matters',
    });
  }
}

/** Leaves out addresses of families that pods do not have and, where ranges cannot be denied, those that the proxy refuses. */
function withoutRefused(
  atoms: readonly Atom[],
  intent: Intent,
  dialect: Dialect,
  remarks: Remarks,
): readonly Atom[] {
  const refused = refusedRanges(intent);
  const families = familiesOf(intent);
  return atoms.flatMap((atom) => {
    const { pattern, rule } = atom;
    if (pattern.kind === 'any') {
      remarks.add({
        what: 'address-special-use',
        effect: 'narrowed',
        severity: 'info',
        rule,
        message: 'private, link-local, metadata and other special-use addresses stay closed',
        remedy: 'Open the ones that are needed as private ranges that the proxy may reach',
      });
      return [atom];
    }
    if (pattern.kind !== 'address') return [atom];
    const { cidr } = pattern;
    if (!families.includes(cidr.family)) {
      remarks.add({
        what: 'family-missing',
        effect: 'narrowed',
        severity: 'info',
        rule,
        message: `pods here have no IPv${cidr.family}, so it is left out`,
        remedy: 'Say which address families the cluster has if that is wrong',
      });
      return [];
    }
    const left = withoutCidrs(cidr, refused);
    if (left.length !== 1 || left[0] !== cidr) {
      const closed = refused.find((range) => cidrsMeet(range, cidr));
      remarks.add({
        what: 'address-special-use',
        effect: 'narrowed',
        severity: 'info',
        rule,
        message: `${closed?.text ?? formatAddress(cidr)} is a special-use range, which stays closed`,
        remedy: 'Open it as a private range that the proxy may reach, if it is meant',
      });
    }
    if (left.length > 0) {
      remarks.add({
        what: 'address-by-name',
        effect: 'widened',
        severity: 'info',
        rule,
        message: 'a name that resolves to one of these addresses passes, whether it is allowed or not',
        remedy: 'Leave that to the proxy, which decides on the name',
      });
    }
    if (dialect.denies !== 'nothing') return left.length === 0 ? [] : [atom];
    return left.map((range) => ({ ...atom, pattern: { kind: 'address', cidr: range } as const }));
  });
}

function remarkDeniedRange(rule: Rule, remarks: Remarks): void {
  remarks.add({
    what: 'address-by-name',
    effect: 'narrowed',
    severity: 'info',
    rule,
    message: 'an allowed name that resolves to one of these addresses is denied as well',
    remedy: 'Deny fewer addresses if that is not meant',
  });
}
