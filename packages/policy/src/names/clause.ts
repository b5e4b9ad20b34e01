import {
  cidrHas,
  compile,
  type ExpressionPattern,
  type GlobPattern,
  type Pattern,
  tryParseHost,
} from '@paude/allowlist';
import type { Destination, Verdict } from '../model/lifted.ts';
import { isNeverPublic } from '../network-policy/special-ranges.ts';
import type { PortRange } from './ports.ts';

/** Ports of one protocol that a clause is for; without a protocol, of every one. */
export interface ClausePorts extends PortRange {
  readonly protocol?: Destination['protocol'];
}

/**
 * One statement of a live object about destinations outside of the cluster. Kinds differ in how they write it and in which
 * of several holds, not in what it is.
 */
export interface Clause {
  readonly effect: 'allow' | 'deny' | 'pass';
  /** `unknown` is a destination that is not in the objects: nodes, what a service resolves to. */
  readonly to: Pattern | 'unknown';
  /** Every port of every protocol when undefined. */
  readonly ports?: readonly ClausePorts[];
  /** The object that says it: `EgressFirewall/default`. */
  readonly object: string;
}

/** What the objects of one kind say of one pod. */
export interface Statement {
  readonly clauses: readonly Clause[];
  /** `first`: the first clause that matches holds. `deny`: a deny holds wherever it stands. */
  readonly precedence: 'first' | 'deny';
  /** What holds for a destination that no clause matches. */
  readonly otherwise: 'allow' | 'deny';
}

/** The verdict of a statement, with `unknown` where it depends on what is not in the objects. */
export function evaluateStatement(
  statement: Statement,
  destination: Destination,
  families: readonly (4 | 6)[],
): Verdict {
  const asked = destination.address === undefined ? families : [destination.address.family];
  const verdicts = new Set(asked.map((family) => evaluateFamily(statement, destination, family)));
  const [verdict = 'unknown'] = verdicts;
  return verdicts.size === 1 ? verdict : 'unknown';
}

function evaluateFamily(
  { clauses, precedence, otherwise }: Statement,
  destination: Destination,
  family: 4 | 6,
): Verdict {
  const ordered = precedence === 'first' ? clauses : [...clauses].sort(denyFirst);
  let doubt: Verdict | undefined;
  for (const clause of ordered) {
    const match = matches(clause, destination, family);
    if (match === 'no') continue;
    const verdict = clause.effect === 'pass' ? 'unknown' : clause.effect;
    if (match === 'yes') return doubt === undefined || doubt === verdict ? verdict : 'unknown';
    doubt = doubt === undefined || doubt === verdict ? verdict : 'unknown';
  }
  return doubt === undefined || doubt === otherwise ? otherwise : 'unknown';
}

function denyFirst(a: Clause, b: Clause): number {
  return Number(b.effect === 'deny') - Number(a.effect === 'deny');
}

function matches(clause: Clause, destination: Destination, family: 4 | 6): 'yes' | 'no' | 'maybe' {
  if (!hasDestinationPort(clause, destination)) return 'no';
  const { to } = clause;
  if (to === 'unknown') return 'maybe';
  if (to.kind === 'any') return 'yes';
  if (to.kind !== 'address')
    return destination.host !== undefined && matchesName(to, destination.host) ? 'yes' : 'no';
  if (to.cidr.family !== family) return 'no';
  if (destination.address !== undefined) return cidrHas(to.cidr, destination.address) ? 'yes' : 'no';
  if (to.cidr.prefix === 0) return 'yes';
  // A name whose addresses are not known is taken for one of the public Internet.
  return isNeverPublic(to.cidr) ? 'no' : 'maybe';
}

function hasDestinationPort({ ports }: Clause, { port, protocol }: Destination): boolean {
  if (ports === undefined) return true;
  return ports.some(
    (range) =>
      (range.protocol === undefined || range.protocol === protocol) &&
      port >= range.first &&
      port <= range.last,
  );
}

/** Whether a pattern matches a canonical name. */
function matchesName(pattern: Exclude<Pattern, { kind: 'any' | 'address' }>, host: string): boolean {
  if (pattern.kind === 'glob' || pattern.kind === 'expression') return matchesByRule(pattern, host);
  if (host === pattern.name) return pattern.kind === 'exact' || pattern.kind === 'suffix';
  if (pattern.kind === 'exact' || !host.endsWith(`.${pattern.name}`)) return false;
  return pattern.kind !== 'one-label' || !host.slice(0, -pattern.name.length - 1).includes('.');
}

function matchesByRule(pattern: GlobPattern | ExpressionPattern, host: string): boolean {
  const parsed = tryParseHost(host);
  if (typeof parsed !== 'string') return false;
  const rule = {
    text: '',
    effect: 'allow',
    pattern,
    ports: 'all',
    tls: 'sni',
    source: { word: '' },
  } as const;
  return compile({ rules: [rule], defaultPorts: [] }).decide(parsed, 443).result === 'allow';
}
