import { comparePatterns } from './compare-patterns.ts';
import type { Finding } from './finding.ts';
import { representativeHost } from './lint-idle.ts';
import type { Pattern } from './pattern.ts';
import { hasPort, type PortSet } from './ports.ts';
import type { Allowlist, Rule } from './rule.ts';
import { DENY, EXPIRED, type MatchVisitor, type RuleIndex } from './rule-index.ts';

/** Rules that are looked at, one by one, as to whether they cover another. */
const MAX_CANDIDATES = 50;

/** Pairs with a glob or an expression that are compared in one lint: some milliseconds each. */
const MAX_COMPARISONS = 300;

/** Finds rules that say nothing new: repetitions, and rules that others cover or deny wholly. */
export class CoverageLint {
  readonly #allowlist: Allowlist;
  readonly #index: RuleIndex;
  readonly #isExpired: (rule: Rule) => boolean;
  readonly #places = new Map<Rule, number>();
  #comparisons = 0;

  constructor(allowlist: Allowlist, index: RuleIndex, isExpired: (rule: Rule) => boolean) {
    this.#allowlist = allowlist;
    this.#index = index;
    this.#isExpired = isExpired;
    allowlist.rules.forEach((rule, place) => void this.#places.set(rule, place));
  }

  run(): Finding[] {
    const findings: Finding[] = [];
    const firsts = new Map<string, Rule>();
    for (const rule of this.#allowlist.rules) {
      if (this.#isExpired(rule)) continue;
      const first = firsts.get(rule.text);
      if (first !== undefined && lastsAsLong(first, rule)) {
        findings.push(...duplicate(rule, first));
        continue;
      }
      firsts.set(rule.text, rule);
      // An alias has what it has: that its user says more, or takes something back, is what rules are for.
      const cover = rule.source.alias === undefined ? this.#coverOf(rule) : undefined;
      if (cover !== undefined) findings.push(shadowed(rule, cover));
    }
    return findings;
  }

  /** A rule that covers this one wholly. For an allow, a deny that does so first. */
  #coverOf(rule: Rule): Rule | undefined {
    const covers = this.#candidates(rule).filter((other) => other !== rule && this.#covers(other, rule));
    if (rule.effect === 'deny') return covers.find(({ effect }) => effect === 'deny');
    // That `all` covers everything is said once, by its own finding.
    const allows = covers.filter(({ pattern, tls }) => pattern.kind !== 'any' && tls === rule.tls);
    return covers.find(({ effect }) => effect === 'deny') ?? allows[0];
  }

  #covers(other: Rule, rule: Rule): boolean {
    const { defaultPorts } = this.#allowlist;
    if (!lastsAsLong(other, rule) || !portsCover(other.ports, rule.ports, defaultPorts)) return false;
    if (isMatcher(other.pattern) || isMatcher(rule.pattern)) {
      if (other.pattern.kind !== 'any' && ++this.#comparisons > MAX_COMPARISONS) return false;
    }
    const relation = comparePatterns(other.pattern, rule.pattern);
    if (relation === 'covers') return true;
    if (relation !== 'equal') return false;
    // Of two that cover each other, the later is the one too many.
    const isMutual = lastsAsLong(rule, other) && portsCover(rule.ports, other.ports, defaultPorts);
    const isLater = (this.#places.get(rule) ?? 0) > (this.#places.get(other) ?? 0);
    return other.effect !== rule.effect || !isMutual || isLater;
  }

  /** Rules that could cover this one: those that match a host that it matches. */
  #candidates(rule: Rule): Rule[] {
    const candidates: Rule[] = [];
    const take = (id: number, flags: number) => {
      const other = this.#index.rule(id);
      const counts = (flags & EXPIRED) === 0 && (other.effect === rule.effect || (flags & DENY) !== 0);
      if (counts && candidates.length < MAX_CANDIDATES) candidates.push(other);
    };
    const visitor: MatchVisitor = {
      wants(id, flags) {
        // A glob or an expression that matches the one host of an exact rule covers it; else patterns are compared.
        if (rule.pattern.kind !== 'exact') take(id, flags);
        return rule.pattern.kind === 'exact';
      },
      match: take,
    };
    const host = representativeHost(rule.pattern);
    this.#index.forEachMatch(host, visitor);
    return candidates;
  }
}

function isMatcher(pattern: Pattern): boolean {
  return pattern.kind === 'glob' || pattern.kind === 'expression';
}

function lastsAsLong(other: Rule, rule: Rule): boolean {
  return (other.expiresAtMs ?? Number.POSITIVE_INFINITY) >= (rule.expiresAtMs ?? Number.POSITIVE_INFINITY);
}

function portsCover(other: PortSet, ports: PortSet, defaultPorts: readonly number[]): boolean {
  if (other === 'all' || other === ports) return true;
  if (ports === 'all') return false;
  return (ports === 'default' ? defaultPorts : ports).every((port) => hasPort(other, port, defaultPorts));
}

/** Aliases overlap; that is nothing their user should change. */
function duplicate(rule: Rule, first: Rule): Finding[] {
  if (rule.source.alias !== undefined) return [];
  return [
    {
      code: 'duplicate-rule',
      severity: first.source.alias === undefined ? 'warning' : 'info',
      rule,
      related: first,
      message: `${rule.text} stands there twice${first.source.alias === undefined ? '' : `: the alias ${first.source.alias} has it`}`,
      remedy: 'Remove one',
    },
  ];
}

function shadowed(rule: Rule, cover: Rule): Finding {
  const isDead = cover.effect !== rule.effect;
  return {
    code: 'shadowed-rule',
    severity: isDead ? 'warning' : 'info',
    rule,
    related: cover,
    message: isDead
      ? `${rule.text} never allows anything: ${cover.text} denies all of it`
      : `${rule.text} adds nothing: ${cover.text} covers it`,
    remedy: isDead ? 'Remove one of the two, or narrow the deny' : 'Remove the one that is not meant',
  };
}
