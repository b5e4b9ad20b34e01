import { findName, type Language, languageBelow, languageOf, languageUnder } from './automata.ts';
import type { ComparisonSide } from './comparison-side.ts';
import { type Host, tryParseHost } from './host.ts';
import type { HostClass } from './host-classes.ts';
import { formatPattern, type Pattern } from './pattern.ts';
import { hasPort } from './ports.ts';
import type { Effect, Rule } from './rule.ts';

/** Where a comparison of globs and expressions reports to. */
export interface MatcherReport {
  /** A name on which the two sides may differ: it is looked at, and whether they do is returned. */
  differ(host: Host, port: number): boolean;
  /** What a rule changes could not be told. */
  undecided(rule: Rule, why: string): void;
}

/** Automata that may be searched in one comparison: some milliseconds each. */
const MAX_SEARCHES = 300;

/** Languages that may go into one search: each multiplies the work. */
const MAX_LANGUAGES = 30;

/**
 * Compares the two sides on the names of a class that globs or expressions tell apart. Both sides have collected the
 * rules that bear on it. What the sides share cancels out without any work; only what is left goes to automata.
 */
export class MatcherComparison {
  readonly #before: ComparisonSide;
  readonly #after: ComparisonSide;
  readonly #report: MatcherReport;
  #searches = 0;
  /** Rules, with a port, that are known to make a difference: one witness for each is enough. */
  readonly #settled = new Set<string>();

  constructor(before: ComparisonSide, after: ComparisonSide, report: MatcherReport) {
    this.#before = before;
    this.#after = after;
    this.#report = report;
  }

  compareClass(hostClass: HostClass, port: number): void {
    const before = rulesAt(this.#before, port);
    const after = rulesAt(this.#after, port);
    this.#findAllowedOnlyBy(after, before, { hostClass, port, direction: 'widened' });
    this.#findAllowedOnlyBy(before, after, { hostClass, port, direction: 'narrowed' });
    this.#compareTls(before, after);
  }

  /**
   * A name is allowed by `wide` and not by `narrow` if some allow of `wide` matches it, no deny of `wide` does, and on the
   * side of `narrow` either no allow matches or some deny does. Each way in which that can be is searched for.
   */
  #findAllowedOnlyBy(wide: RulesAt, narrow: RulesAt, place: Place): void {
    if (wide.denies.length > 0) return;
    const wideDenies = patternTexts(wide.matcherDenies);
    const narrowAllows = patternTexts(narrow.matcherAllows);
    const [plainAllow] = wide.allows;
    for (const rule of plainAllow === undefined ? wide.matcherAllows : [plainAllow]) {
      if (wideDenies.has(formatPattern(rule.pattern))) continue;
      const own = rule === plainAllow ? [] : [rule];
      if (narrow.denies.length > 0) {
        this.#search({
          ...place,
          cause: rule,
          against: narrow.denies[0],
          inAll: own,
          inNone: wide.matcherDenies,
        });
        continue;
      }
      if (narrow.allows.length === 0 && !narrowAllows.has(formatPattern(rule.pattern))) {
        this.#search({
          ...place,
          cause: rule,
          inAll: own,
          inNone: [...wide.matcherDenies, ...narrow.matcherAllows],
        });
      }
      for (const deny of narrow.matcherDenies) {
        if (wideDenies.has(formatPattern(deny.pattern))) continue;
        this.#search({ ...place, cause: deny, inAll: [...own, deny], inNone: wide.matcherDenies });
      }
    }
  }

  #search(search: Search): void {
    const { cause, against, inAll, hostClass, port, direction } = search;
    const key = `${direction} ${cause.text} ${against?.text ?? ''} ${port}`;
    if (this.#settled.has(key) || !inAll.every((rule) => mayMatch(rule, hostClass))) return;
    // Automata are dear, and most globs have a name that anyone can see.
    const sample = inAll.length === 1 && inAll[0] !== undefined ? sampleOf(inAll[0].pattern) : undefined;
    if (sample !== undefined && isInClass(sample, hostClass) && this.#report.differ(sample, port)) {
      this.#settled.add(key);
      return;
    }
    if (++this.#searches > MAX_SEARCHES) {
      this.#report.undecided(cause, 'there are too many globs and expressions to compare');
      return;
    }
    // Any name that the rule matches will most often do; that it is matched by no other rule takes more work to find.
    for (const isThorough of [false, true]) {
      const found = findInClass(search, isThorough);
      if (found === 'none') return;
      if (found !== 'unknown' && this.#report.differ(found, port)) {
        this.#settled.add(key);
        return;
      }
    }
    this.#report.undecided(cause, 'its glob or expression is too complex to compare');
  }

  /** Which of several allows stands first decides on TLS; that is compared only as far as the rules are the same. */
  #compareTls(before: RulesAt, after: RulesAt): void {
    const sides = [before, after].map(({ allows, matcherAllows }) => [...allows, ...matcherAllows]);
    const [old, now] = sides.map((rules) => rules.map(({ text, tls }) => `${text} ${tls}`).join('\n'));
    if (old === now) return;
    for (const rules of sides) {
      const lax = rules.find(({ tls }) => tls === 'any');
      if (lax === undefined) continue;
      this.#report.undecided(lax, 'whether its tls: any holds for more or fewer names cannot be told');
    }
  }
}

interface Place {
  readonly hostClass: HostClass;
  readonly port: number;
  readonly direction: 'widened' | 'narrowed';
}

interface Search extends Place {
  /** The rule to name when there is a difference. */
  readonly cause: Rule;
  /** The deny of the other side that takes all names of the class away: each is told of. */
  readonly against?: Rule | undefined;
  readonly inAll: readonly Rule[];
  readonly inNone: readonly Rule[];
}

/** The rules of a side that are for a port: those that match the whole class, and those that may match a part of it. */
interface RulesAt {
  readonly allows: readonly Rule[];
  readonly denies: readonly Rule[];
  readonly matcherAllows: readonly Rule[];
  readonly matcherDenies: readonly Rule[];
}

function rulesAt({ rules, matchers, allowlist }: ComparisonSide, port: number): RulesAt {
  const pick = (from: readonly Rule[], effect: Effect) =>
    from.filter((rule) => rule.effect === effect && hasPort(rule.ports, port, allowlist.defaultPorts));
  return {
    allows: pick(rules, 'allow'),
    denies: pick(rules, 'deny'),
    matcherAllows: pick(matchers, 'allow'),
    matcherDenies: pick(matchers, 'deny'),
  };
}

function patternTexts(rules: readonly Rule[]): Set<string> {
  return new Set(rules.map(({ pattern }) => formatPattern(pattern)));
}

/** A name of the class that all of the one rules match and, if that is asked for, none of the others. */
function findInClass({ hostClass, inAll, inNone }: Search, isThorough: boolean): Host | 'none' | 'unknown' {
  const { domain, depth, subdomains } = hostClass;
  if (depth === 'none') return hostClass.host;
  const excluded = isThorough ? inNone.filter((rule) => inAll.every((other) => mayOverlap(rule, other))) : [];
  if (inAll.length + excluded.length > MAX_LANGUAGES) return 'unknown';
  const included = [languageBelow(domain, depth), ...inAll.map(({ pattern }) => languageOf(pattern))];
  const without = excluded.map(({ pattern }) => languageOf(pattern));
  if (!included.every(isKnown) || !without.every(isKnown)) return 'unknown';
  const found = findName(included, without);
  if (!subdomains.some((subdomain) => found === subdomain || found.endsWith(`.${subdomain}`))) return found;
  const below = subdomains.length > MAX_LANGUAGES ? undefined : languageUnder(subdomains);
  return below === undefined ? 'unknown' : findName(included, [...without, below]);
}

/** A name that a glob matches: the first that comes to mind. Undefined for other patterns, and for sets. */
function sampleOf(pattern: Pattern): Host | undefined {
  if (pattern.kind !== 'glob' || pattern.glob.includes('[')) return undefined;
  const name = pattern.glob.replace(/^(?:\*\*)?\./, '').replace(/[*?]/g, 'a');
  const host = tryParseHost(pattern.glob.startsWith('**.') ? `a.${name}` : name);
  return typeof host === 'string' ? host : undefined;
}

function isInClass(host: Host, { domain, depth, subdomains }: HostClass): boolean {
  const tail = domain === '' ? '' : `.${domain}`;
  if (!host.endsWith(tail) || host.length === tail.length) return false;
  const isOne = !host.slice(0, host.length - tail.length).includes('.');
  return (
    isOne === (depth === 'one') && !subdomains.some((below) => host === below || host.endsWith(`.${below}`))
  );
}

function isKnown(language: Language | undefined): language is Language {
  return language !== undefined;
}

/** A glob without labels of any number in front has as many labels as it is written with: most classes are out of its reach. */
function mayMatch({ pattern }: Rule, { domain, depth }: HostClass): boolean {
  const labels = labelCount(pattern);
  if (labels === undefined) return true;
  const domainLabels = domain === '' ? 0 : domain.split('.').length;
  return depth === 'one' ? labels === domainLabels + 1 : labels >= domainLabels + 2;
}

/** Whether two matchers may have a name in common: not if their numbers of labels or their first letters differ. */
function mayOverlap(a: Rule, b: Rule): boolean {
  const [labelsA, labelsB] = [labelCount(a.pattern), labelCount(b.pattern)];
  if (labelsA === undefined || labelsB === undefined) return true;
  const [headA, headB] = [literalHead(a.pattern), literalHead(b.pattern)];
  return labelsA === labelsB && (headA.startsWith(headB) || headB.startsWith(headA));
}

function labelCount(pattern: Pattern): number | undefined {
  return pattern.kind === 'glob' && !/^(?:\*\*)?\./.test(pattern.glob)
    ? pattern.glob.split('.').length
    : undefined;
}

function literalHead(pattern: Pattern): string {
  return pattern.kind === 'glob' ? (/^[^*?[]*/.exec(pattern.glob)?.[0] ?? '') : '';
}
