import { AddressIndex } from './address-index.ts';
import type { Cidr } from './cidr.ts';
import type { Finding } from './finding.ts';
import { addressHost, type Host } from './host.ts';
import type { Pattern } from './pattern.ts';
import type { Rule } from './rule.ts';
import { DENY, EXPIRED, type MatchVisitor, type RuleIndex } from './rule-index.ts';

/** Finds denies that take nothing back, as no rule allows any of it. `rules` are those that count, all in the index. */
export function lintIdleDenies(rules: readonly Rule[], index: RuleIndex): Finding[] {
  const allowed = rules.filter(({ effect }) => effect === 'allow').map(({ pattern }) => pattern);
  // What may match anything leaves no deny idle.
  if (allowed.some((pattern) => pattern.kind === 'any' || isEndless(pattern))) return [];
  const denies = rules.filter(({ effect, source }) => effect === 'deny' && source.alias === undefined);
  const domains = domainsOf(allowed);
  const meetsRange = rangesThatMeet(allowed, denies);
  return denies
    .filter((rule) => {
      const { pattern } = rule;
      if (pattern.kind === 'any' || isEndless(pattern)) return false;
      if (pattern.kind === 'address') return !meetsRange.has(rule);
      return !domains.has(domainOf(pattern)) && !isAllowedAbove(pattern, index);
    })
    .map(idle);
}

/** A name, or an address, that the pattern matches or could: of names the deepest, so that all that cover it match it. */
export function representativeHost(pattern: Pattern): Host {
  switch (pattern.kind) {
    case 'any':
      return 'x7q.x7q.x7q' as Host;
    case 'address':
      return addressHost({ family: pattern.cidr.family, words: pattern.cidr.words });
    case 'exact':
      return pattern.name;
    case 'one-label':
      return `x7q.${pattern.name}` as Host;
    case 'suffix':
    case 'subdomains':
      return `x7q.x7q.${pattern.name}` as Host;
    case 'glob':
    case 'expression':
      return (pattern.suffix === '' ? 'x7q.x7q' : `x7q.x7q.${pattern.suffix}`) as Host;
  }
}

/** The domains of patterns, and all domains above them: what a deny of one of these may take something back from. */
function domainsOf(patterns: readonly Pattern[]): Set<string> {
  const domains = new Set<string>();
  for (const pattern of patterns) {
    let domain = domainOf(pattern);
    while (domain !== '' && !domains.has(domain)) {
      domains.add(domain);
      const dot = domain.indexOf('.');
      domain = dot < 0 ? '' : domain.slice(dot + 1);
    }
  }
  return domains;
}

/** Denied ranges that have an address in common with an allowed one: of two such, one holds the first of the other. */
function rangesThatMeet(allowed: readonly Pattern[], denies: readonly Rule[]): Set<Rule> {
  const allowedRanges = new AddressIndex();
  const deniedRanges = new AddressIndex();
  const meeting = new Set<Rule>();
  const ranges = allowed.flatMap((pattern) => (pattern.kind === 'address' ? [pattern.cidr] : []));
  for (const cidr of ranges) allowedRanges.add(cidr, 0, 0);
  const hasIpv6 = ranges.some(({ family }) => family === 6);
  denies.forEach((rule, id) => {
    if (rule.pattern.kind !== 'address') return;
    const { cidr } = rule.pattern;
    deniedRanges.add(cidr, id, 0);
    allowedRanges.forEachHolding(firstOf(cidr), () => void meeting.add(rule));
    // IPv4 is denied inside of IPv6 addresses, too.
    if (hasIpv6 && cidr.family === 4) meeting.add(rule);
  });
  for (const cidr of ranges) {
    deniedRanges.forEachHolding(firstOf(cidr), (id) => {
      const rule = denies[id];
      if (rule !== undefined) meeting.add(rule);
    });
  }
  return meeting;
}

function isAllowedAbove(deny: Pattern, index: RuleIndex): boolean {
  let found = false;
  const see = (_: number, flags: number) => {
    if ((flags & (DENY | EXPIRED)) === 0) found = true;
    return false;
  };
  const visitor: MatchVisitor = { wants: see, match: see };
  index.forEachMatch(representativeHost(deny), visitor);
  return found;
}

function firstOf({ family, words }: Cidr) {
  return { family, words };
}

function isEndless(pattern: Pattern): boolean {
  return pattern.kind === 'expression' && pattern.suffix === '';
}

function domainOf(pattern: Pattern): string {
  return 'name' in pattern ? pattern.name : 'suffix' in pattern ? pattern.suffix : '';
}

function idle(rule: Rule): Finding {
  return {
    code: 'shadowed-rule',
    severity: 'info',
    rule,
    message: `${rule.text} denies nothing: no rule allows any of it`,
    remedy: 'Remove it, unless it guards against rules to come',
  };
}
