import {
  type Allowlist,
  comparePatterns,
  type Effect,
  formatRule,
  type Pattern,
  type PortSet,
  type Rule,
  STANDARD_PORTS,
} from '@paude/allowlist';
import type { Clause, Statement } from './clause.ts';
import { type Ports, portsMeet, withoutPorts } from './ports.ts';
import { NODE_LOCAL_DNS } from './resolver.ts';

/** A statement in the words of an allowlist. */
export interface LiftedStatement {
  readonly allowlist: Allowlist;
  readonly isFailOpen: boolean;
  /** Clauses that hold only because of their place, in a way that denies that always win cannot say: left out. */
  readonly misplaced: readonly Clause[];
  /** Clauses that open what no allowlist can say: other protocols than TCP, nodes, services. */
  readonly unsaid: readonly Clause[];
}

/**
 * Reads a statement as an allowlist, never as a narrower one (but that an allowlist denies an IPv4 range inside of IPv6
 * addresses, too). An allowlist is about TCP; where a clause is for other
 * protocols alone it is left out. Its denies always win: a deny that some earlier allow outdoes is left out, which is
 * exact if nothing behind it is allowed that it would have denied.
 */
export function liftStatement(statement: Statement, families: readonly (4 | 6)[]): LiftedStatement {
  const rules: Rule[] = [];
  const misplaced: Clause[] = [];
  const unsaid: Clause[] = [];
  const allowed: Rule[] = [];
  const open = new Set(families);
  const wholes = new Map<4 | 6, Ports>();
  for (const clause of statement.clauses) {
    const ports = tcpPorts(clause);
    if (clause.effect === 'allow' && isUnsaid(clause) && !isResolver(clause)) unsaid.push(clause);
    if (ports.length === 0 || isResolver(clause)) continue;
    if (clause.effect === 'deny') {
      if (clause.to === 'unknown') continue;
      if (statement.precedence === 'first' && closes(clause.to, ports, open)) {
        if (open.size === 0) break;
        continue;
      }
      const isOutdone = (deny: Rule) =>
        statement.precedence === 'first' && allowed.some((allow) => meet(allow, deny));
      const deny = ruleOf('deny', clause.to, ports, clause.object);
      if (isOutdone(deny)) misplaced.push(clause);
      else rules.push(deny);
      const shared = deniedToAll(clause.to, ports, { families, wholes });
      const ofNames = ruleOf('deny', { kind: 'any' }, shared, clause.object);
      if (shared.length > 0 && !isOutdone(ofNames)) rules.push(ofNames);
      continue;
    }
    const pattern = clause.to === 'unknown' ? undefined : everything(clause.to);
    if (pattern === undefined || isClosed(pattern, open)) continue;
    const allow = ruleOf('allow', pattern, ports, clause.object);
    rules.push(allow);
    allowed.push(allow);
  }
  const isFailOpen = statement.otherwise === 'allow' && open.size > 0;
  if (isFailOpen) rules.push(ruleOf('allow', { kind: 'any' }, 'all', statement.clauses[0]?.object ?? ''));
  return { allowlist: { rules, defaultPorts: STANDARD_PORTS }, isFailOpen, misplaced, unsaid };
}

/** Every port of every protocol is as wide as a rule without ports, and no more is said of it. */
function isUnsaid({ to, ports }: Clause): boolean {
  if (to === 'unknown') return true;
  return ports?.some(({ protocol }) => protocol !== undefined && protocol !== 'TCP') === true;
}

/** Whether a clause opens nothing but DNS to NodeLocal DNSCache, which is no part of an allowlist. */
function isResolver({ effect, to, ports }: Clause): boolean {
  if (effect !== 'allow' || to === 'unknown' || to.kind !== 'address' || to.cidr.text !== NODE_LOCAL_DNS)
    return false;
  return ports === undefined || ports.every(({ first, last }) => first === 53 && last === 53);
}

/** Whether a pattern is a whole family of addresses at every port, which then is closed. */
function closes(to: Pattern, ports: Ports, open: Set<4 | 6>): boolean {
  if (ports !== 'all') return false;
  if (to.kind === 'any') open.clear();
  else if (to.kind === 'address' && to.cidr.prefix === 0) open.delete(to.cidr.family);
  else return false;
  return true;
}

/**
 * The ports at which every family that pods have is denied as a whole, once this clause is read: names are denied there, too.
 *
 * @param read.wholes The ports of each family that earlier clauses deny as a whole; added to.
 */
function deniedToAll(
  to: Pattern,
  ports: Ports,
  read: { readonly families: readonly (4 | 6)[]; readonly wholes: Map<4 | 6, Ports> },
): Ports {
  if (to.kind !== 'address' || to.cidr.prefix !== 0) return [];
  const { families, wholes } = read;
  const { family } = to.cidr;
  wholes.set(
    family,
    [...new Set([...listOf(wholes.get(family)), ...listOf(ports)])].sort((a, b) => a - b),
  );
  if (families.some((one) => !wholes.has(one))) return [];
  return listOf(ports).filter((port) => families.every((one) => listOf(wholes.get(one)).includes(port)));
}

/** Every port is closed elsewhere; here only lists are compared. */
function listOf(ports: Ports | undefined): readonly number[] {
  return ports === undefined || ports === 'all' ? [] : ports;
}

function isClosed(pattern: Pattern, open: ReadonlySet<4 | 6>): boolean {
  return pattern.kind === 'address' && !open.has(pattern.cidr.family);
}

/** A whole family of addresses is everything: any name may have an address in it. */
function everything(pattern: Pattern): Pattern {
  return pattern.kind === 'address' && pattern.cidr.prefix === 0 ? { kind: 'any' } : pattern;
}

function meet(allow: Rule, deny: Rule): boolean {
  return (
    portsMeet(listed(allow.ports), listed(deny.ports)) &&
    comparePatterns(allow.pattern, deny.pattern) !== 'disjoint'
  );
}

function listed(ports: PortSet): Ports {
  return ports === 'default' ? STANDARD_PORTS : ports;
}

function tcpPorts({ ports }: Clause): Ports {
  if (ports === undefined) return 'all';
  const tcp = ports.filter(({ protocol }) => protocol === undefined || protocol === 'TCP');
  if (tcp.some(({ first, last }) => first <= 1 && last >= 65535)) return 'all';
  const list = new Set<number>();
  for (const { first, last } of tcp) for (let port = first; port <= last; port++) list.add(port);
  return [...list].sort((a, b) => a - b);
}

function ruleOf(effect: Effect, pattern: Pattern, ports: Ports, object: string): Rule {
  const isStandard =
    effect === 'allow' &&
    ports !== 'all' &&
    ports.length === 2 &&
    withoutPorts(ports, STANDARD_PORTS)?.length === 0;
  const written = { effect, pattern, ports: isStandard ? 'default' : ports } as const;
  const text = formatRule(written);
  return { ...written, text, tls: 'sni', source: { word: text, file: object } };
}
