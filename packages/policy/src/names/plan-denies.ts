import {
  type Allowlist,
  compareAllowlists,
  comparePatterns,
  formatRule,
  type Pattern,
  type Rule,
} from '@paude/allowlist';
import type { Intent } from '../model/intent.ts';
import { nat64Range, withoutCidrs } from './cidrs.ts';
import type { Remarks } from './diagnose.ts';
import type { Dialect } from './dialect.ts';
import type { Atom } from './entry.ts';
import { type Ports, portsMeet, portsOf, withoutPorts } from './ports.ts';
import { sayWithin } from './say.ts';

/** Allows as they are left, and the denies that an object has to say. */
export interface Settled {
  readonly allows: readonly Atom[];
  readonly denies: readonly Atom[];
}

/** What the denies are settled for. */
export interface DenyContext {
  readonly allowlist: Allowlist;
  readonly intent: Intent;
  readonly dialect: Dialect;
  readonly remarks: Remarks;
}

/**
 * Takes the denies out of the allows. What a deny holds wholly goes without a word; what it holds in part is left to a
 * deny of the object, where the kind has one that says it, else the allow goes (or, if more may pass, the deny).
 */
export function settleDenies(atoms: readonly Atom[], denies: readonly Rule[], context: DenyContext): Settled {
  let allows = atoms;
  const said: Atom[] = [];
  for (const deny of denies) {
    const settled = settleDeny(allows, deny, context);
    allows = settled.allows;
    said.push(...settled.denies);
  }
  return { allows, denies: said };
}

function settleDeny(atoms: readonly Atom[], deny: Rule, context: DenyContext): Settled {
  const { allowlist, dialect, intent, remarks } = context;
  const ports = portsOf(deny.ports, allowlist);
  const allows: Atom[] = [];
  const said = new Map<Pattern, Atom>();
  const sayable = sayDeny(deny.pattern, dialect);
  let isCarried = false;
  for (const atom of atoms) {
    if (!patternsMeet(atom.pattern, deny.pattern)) {
      allows.push(atom);
      continue;
    }
    if (!portsMeet(atom.ports, ports)) {
      allows.push(atom);
      if (dialect.ports === 'none') remarks.add(deniedPortsOpen(deny));
      continue;
    }
    const rest = takePart(atom, deny.pattern, ports);
    if (rest !== undefined) {
      allows.push(...rest);
      continue;
    }
    const portsFit =
      dialect.ports !== 'none' || ports === 'all' || withoutPorts(atom.ports, ports)?.length === 0;
    const isEnough = sayable.length > 0 && suffice(sayable, atom, deny, ports);
    if (isEnough && (portsFit || intent.inexpressible === 'narrow')) {
      if (!portsFit) remarks.add(deniedPortsClosed(deny));
      for (const pattern of sayable) said.set(pattern, { rule: deny, pattern, ports });
      isCarried ||=
        deny.pattern.kind === 'address' && deny.pattern.cidr.family === 4 && mayCarry(atom.pattern);
      allows.push(atom);
      continue;
    }
    if (intent.inexpressible === 'widen') {
      if (portsFit) for (const pattern of sayable) said.set(pattern, { rule: deny, pattern, ports });
      remarks.add(denyUnsayable(deny, atom.rule));
      allows.push(atom);
      continue;
    }
    remarks.add(allowTrimmed(atom, deny));
    const left = withoutPorts(atom.ports, ports) ?? [];
    if (left.length > 0) allows.push({ ...atom, ports: left });
  }
  if (isCarried) remarks.add(carriedAddresses(deny));
  return { allows, denies: [...said.values()] };
}

/** The patterns that the kind can deny for this one; none of them denies more. */
function sayDeny(pattern: Pattern, dialect: Dialect): readonly Pattern[] {
  if (pattern.kind === 'address') {
    if (dialect.denies === 'nothing') return [];
    // The address inside a NAT64 address is where the traffic goes.
    const { cidr } = pattern;
    return cidr.family === 6 ? [pattern] : [pattern, { kind: 'address', cidr: nat64Range(cidr) }];
  }
  return dialect.denies === 'names-and-addresses' ? sayWithin(pattern, dialect).patterns : [];
}

/** The atom without the part that a deny takes, where that can be said exactly; undefined where it cannot. */
function takePart(atom: Atom, pattern: Pattern, ports: Ports): readonly Atom[] | undefined {
  const relation = comparePatterns(pattern, atom.pattern);
  const left = withoutPorts(atom.ports, ports);
  if (relation === 'covers' || relation === 'equal') {
    if (left === undefined) return undefined;
    return left.length === 0 ? [] : [{ ...atom, ports: left }];
  }
  if (pattern.kind !== 'address' || atom.pattern.kind !== 'address' || relation !== 'covered')
    return undefined;
  if (left === undefined) return undefined;
  const outside = withoutCidrs(atom.pattern.cidr, [pattern.cidr]).map((cidr) => ({
    ...atom,
    pattern: { kind: 'address', cidr } as const,
  }));
  const inside: Atom[] = left.length === 0 ? [] : [{ ...atom, pattern, ports: left }];
  return [...outside, ...inside];
}

/** Whether what can be denied is all of the deny that lies in an atom. */
function suffice(said: readonly Pattern[], atom: Atom, deny: Rule, ports: Ports): boolean {
  if (deny.pattern.kind === 'address') return true;
  const rule = (effect: Rule['effect'], pattern: Pattern, rulePorts: Ports): Rule => {
    const made = { effect, pattern, ports: rulePorts };
    return { ...made, text: formatRule(made), tls: 'sni', source: { word: '' } };
  };
  const allowed = rule('allow', atom.pattern, atom.ports);
  const denied = said.map((pattern) => rule('deny', pattern, ports));
  const before: Allowlist = { rules: [allowed, ...denied], defaultPorts: [] };
  const after: Allowlist = { rules: [...before.rules, rule('deny', deny.pattern, ports)], defaultPorts: [] };
  const { narrowed, undecided } = compareAllowlists(before, after);
  return narrowed.length === 0 && undecided.length === 0;
}

function patternsMeet(a: Pattern, b: Pattern): boolean {
  if (a.kind === 'address' && b.kind === 'address' && a.cidr.family === 6 && b.cidr.family === 4) return true;
  const [nameA, nameB] = ['name' in a ? a.name : '', 'name' in b ? b.name : ''];
  // Most rules lie in different domains; that is seen without comparing them.
  if (nameA !== '' && nameB !== '' && !nameA.endsWith(nameB) && !nameB.endsWith(nameA)) return false;
  return comparePatterns(a, b) !== 'disjoint';
}

/** Whether a pattern allows IPv6 addresses, inside of which IPv4 addresses can be. */
function mayCarry(pattern: Pattern): boolean {
  return pattern.kind === 'any' || (pattern.kind === 'address' && pattern.cidr.family === 6);
}

function deniedPortsOpen(deny: Rule): Parameters<Remarks['add']>[0] {
  return {
    what: 'ports-unsayable',
    effect: 'widened',
    rule: deny,
    message: 'it denies ports of a host that is allowed at others, and this kind knows no ports',
    remedy: 'Deny the host at every port, or leave ports to the proxy',
  };
}

function deniedPortsClosed(deny: Rule): Parameters<Remarks['add']>[0] {
  return {
    what: 'deny-wider',
    effect: 'narrowed',
    rule: deny,
    message: 'it denies some ports, and this kind knows no ports, so every port is denied',
    remedy: 'Leave ports to the proxy, or deny fewer names',
  };
}

function denyUnsayable(deny: Rule, allow: Rule): Parameters<Remarks['add']>[0] {
  return {
    what: 'deny-unsayable',
    effect: 'widened',
    rule: deny,
    message: `it takes back a part of ${allow.text} that this kind cannot deny, so that part passes`,
    remedy: 'Name the allowed hosts one by one, or leave this deny to the proxy',
  };
}

function allowTrimmed({ rule }: Atom, deny: Rule): Parameters<Remarks['add']>[0] {
  return {
    what: 'allow-trimmed',
    effect: 'narrowed',
    rule,
    message: `the deny ${deny.text} takes back a part of it that this kind cannot deny, so what they share is left out`,
    remedy: 'Name the allowed hosts one by one, or let more pass and leave the deny to the proxy',
  };
}

function carriedAddresses(deny: Rule): Parameters<Remarks['add']>[0] {
  return {
    what: 'embedded-address',
    effect: 'widened',
    severity: 'info',
    rule: deny,
    message:
      'these addresses inside of IPv6 addresses are denied only in the NAT64 prefix and in special-use ranges',
    remedy: 'Leave ISATAP to the proxy, which looks inside',
  };
}
