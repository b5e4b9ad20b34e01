import {
  comparePatterns,
  compile,
  type ExpressionPattern,
  type NamePattern,
  parseWords,
  tryParseHost,
} from '@paude/allowlist';
import type { Place } from './imported.ts';

/** The name itself. */
export const APEX = 1;
/** Every name below it, at any depth. */
export const BELOW = 2;

/** A name with what of it belongs to a set: itself, all below it, or both. */
export interface NameEntry {
  readonly mask: number;
  readonly place: Place;
}

/** An expression of the pattern grammar. */
export interface Expression {
  readonly pattern: ExpressionPattern;
  readonly matches: (name: string) => boolean;
  readonly place: Place;
}

/** Pairs of patterns that are compared in one import: each may take some milliseconds. */
const MAX_COMPARISONS = 300;

/** Counts comparisons of a whole import. */
export interface Effort {
  comparisons: number;
}

/**
 * A set of host names: every name, or names, domains and expressions. Names and domains are laminar (of two domains that
 * meet one holds the other), so that with them all is exact; of expressions, only what `comparePatterns()` can tell.
 */
export class NameSet {
  readonly isEvery: boolean;
  readonly names: ReadonlyMap<string, NameEntry>;
  readonly expressions: ReadonlyMap<string, Expression>;
  #parents: Set<string> | undefined;

  constructor(
    names: ReadonlyMap<string, NameEntry> = new Map(),
    expressions: ReadonlyMap<string, Expression> = new Map(),
    isEvery = false,
  ) {
    this.names = names;
    this.expressions = expressions;
    this.isEvery = isEvery;
  }

  get isEmpty(): boolean {
    return !this.isEvery && this.names.size === 0 && this.expressions.size === 0;
  }

  hasName(name: string): boolean {
    if (this.isEvery || ((this.names.get(name)?.mask ?? 0) & APEX) !== 0) return true;
    if (this.#hasDomainAbove(name)) return true;
    for (const { matches } of this.expressions.values()) if (matches(name)) return true;
    return false;
  }

  /** Whether all names below `name` surely belong to the set. */
  hasAllBelow(name: string): boolean {
    return this.isEvery || ((this.names.get(name)?.mask ?? 0) & BELOW) !== 0 || this.#hasDomainAbove(name);
  }

  hasExpression({ pattern }: Expression): boolean {
    return this.isEvery || this.expressions.has(pattern.source) || this.#coversSuffix(pattern);
  }

  /** Every domain that has a name or a domain of the set below it. */
  get parents(): ReadonlySet<string> {
    if (this.#parents !== undefined) return this.#parents;
    this.#parents = new Set<string>();
    for (const name of this.names.keys()) {
      for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
        this.#parents.add(name.slice(dot + 1));
      }
    }
    return this.#parents;
  }

  /** Both sets as one. */
  with(other: NameSet): NameSet {
    if (this.isEmpty) return other;
    return other.isEmpty ? this : uniteNames([this, other]);
  }

  #coversSuffix({ suffix }: ExpressionPattern): boolean {
    return suffix !== '' && this.hasAllBelow(suffix);
  }

  #hasDomainAbove(name: string): boolean {
    for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
      if (((this.names.get(name.slice(dot + 1))?.mask ?? 0) & BELOW) !== 0) return true;
    }
    return false;
  }
}

/** Several sets as one. */
export function uniteNames(sets: readonly NameSet[]): NameSet {
  if (sets.some(({ isEvery }) => isEvery)) return EVERY_NAME;
  const names = new Map<string, NameEntry>();
  const expressions = new Map<string, Expression>();
  for (const set of sets) {
    for (const [name, entry] of set.names) {
      const known = names.get(name);
      names.set(name, known === undefined ? entry : { mask: known.mask | entry.mask, place: known.place });
    }
    for (const [source, expression] of set.expressions) {
      if (!expressions.has(source)) expressions.set(source, expression);
    }
  }
  return new NameSet(names, expressions);
}

export const EVERY_NAME = new NameSet(undefined, undefined, true);

/** What is in both; `isExact` is false when some of it cannot be written and is left out. */
export function commonNames(a: NameSet, b: NameSet, effort: Effort): { names: NameSet; isExact: boolean } {
  if (a.isEvery) return { names: b, isExact: true };
  if (b.isEvery) return { names: a, isExact: true };
  const names = new Map<string, NameEntry>();
  const expressions = new Map<string, Expression>();
  let isExact = true;
  const add = (name: string, mask: number, place: Place) => {
    if (mask !== 0) names.set(name, { mask: mask | (names.get(name)?.mask ?? 0), place });
  };
  for (const [inner, outer] of [
    [a, b],
    [b, a],
  ] as const) {
    for (const [name, { mask, place }] of inner.names) {
      const apex = (mask & APEX) !== 0 && outer.hasName(name) ? APEX : 0;
      const below = (mask & BELOW) !== 0 && outer.hasAllBelow(name) ? BELOW : 0;
      add(name, apex | below, place);
    }
    for (const [source, expression] of inner.expressions) {
      if (outer.hasExpression(expression)) expressions.set(source, expression);
      else isExact = takeCommon(expression, outer, { add, expressions, effort }) && isExact;
    }
  }
  return { names: new NameSet(names, expressions), isExact };
}

interface Taking {
  readonly add: (name: string, mask: number, place: Place) => void;
  readonly expressions: Map<string, Expression>;
  readonly effort: Effort;
}

/** What an expression has in common with domains and expressions that do not cover it by their ending. */
function takeCommon(expression: Expression, other: NameSet, { add, expressions, effort }: Taking): boolean {
  let isExact = true;
  for (const [name, { mask, place }] of other.names) {
    if ((mask & BELOW) === 0) continue;
    const relation = compareOnce(expression, subdomains(name), effort);
    if (relation === 'covers' || relation === 'equal') add(name, BELOW, place);
    else if (relation === 'covered') expressions.set(expression.pattern.source, expression);
    else if (relation !== 'disjoint') isExact = false;
  }
  for (const second of other.expressions.values()) {
    const relation = compareOnce(expression, second.pattern, effort);
    if (relation === 'covered' || relation === 'equal')
      expressions.set(expression.pattern.source, expression);
    else if (relation !== 'disjoint' && relation !== 'covers') isExact = false;
  }
  return isExact;
}

/** What is left of `a` without `b`, and what of `b` still has to be denied, because it lies within what is left. */
export function exceptNames(a: NameSet, b: NameSet, effort: Effort): { left: NameSet; denied: NameSet } {
  if (b.isEvery) return { left: new NameSet(), denied: new NameSet() };
  if (a.isEvery) return { left: a, denied: b };
  const names = new Map<string, NameEntry>();
  for (const [name, { mask, place }] of a.names) {
    const apex = (mask & APEX) !== 0 && !b.hasName(name) ? APEX : 0;
    const below = (mask & BELOW) !== 0 && !b.hasAllBelow(name) ? BELOW : 0;
    if ((apex | below) !== 0) names.set(name, { mask: apex | below, place });
  }
  const expressions = new Map([...a.expressions].filter(([, expression]) => !b.hasExpression(expression)));
  const left = new NameSet(names, expressions);
  return { left, denied: overlapping(b, left, effort) };
}

/** Those members of a set that may have something in common with another. */
export function overlapping(set: NameSet, other: NameSet, effort: Effort): NameSet {
  if (other.isEmpty) return other;
  if (other.isEvery || set.isEvery) return set;
  const names = new Map<string, NameEntry>();
  for (const [name, { mask, place }] of set.names) {
    const apex = (mask & APEX) !== 0 && other.hasName(name) ? APEX : 0;
    const below = (mask & BELOW) !== 0 && meetsBelow(other, name, effort) ? BELOW : 0;
    if ((apex | below) !== 0) names.set(name, { mask: apex | below, place });
  }
  const expressions = new Map(
    [...set.expressions].filter(([, expression]) => meetsExpression(other, expression, effort)),
  );
  return new NameSet(names, expressions);
}

/** Whether a set surely has all of another. */
export function holds(set: NameSet, other: NameSet): boolean {
  if (set.isEvery || other.isEvery) return set.isEvery;
  for (const [name, { mask }] of other.names) {
    if ((mask & APEX) !== 0 && !set.hasName(name)) return false;
    if ((mask & BELOW) !== 0 && !set.hasAllBelow(name)) return false;
  }
  return [...other.expressions.values()].every((expression) => set.hasExpression(expression));
}

/** Whether two sets may have something in common. */
export function meets(set: NameSet, other: NameSet, effort: Effort): boolean {
  return !overlapping(other, set, effort).isEmpty;
}

function meetsBelow(set: NameSet, name: string, effort: Effort): boolean {
  if (set.hasAllBelow(name) || set.parents.has(name)) return true;
  for (const expression of set.expressions.values()) {
    if (compareOnce(expression, subdomains(name), effort) !== 'disjoint') return true;
  }
  return false;
}

function meetsExpression(set: NameSet, expression: Expression, effort: Effort): boolean {
  if (set.hasExpression(expression)) return true;
  for (const [name, { mask }] of set.names) {
    if ((mask & APEX) !== 0 && expression.matches(name)) return true;
    if ((mask & BELOW) !== 0 && compareOnce(expression, subdomains(name), effort) !== 'disjoint') return true;
  }
  for (const { pattern } of set.expressions.values()) {
    if (compareOnce(expression, pattern, effort) !== 'disjoint') return true;
  }
  return false;
}

/** An expression of the pattern grammar, `~` left out; undefined when the grammar refuses it. */
export function makeExpression(source: string, place: Place): Expression | undefined {
  try {
    const allowlist = parseWords([`~${source}:*`]);
    const pattern = allowlist.rules[0]?.pattern;
    if (pattern?.kind !== 'expression') return undefined;
    const policy = compile(allowlist);
    const matches = (name: string): boolean => {
      const host = tryParseHost(name);
      return typeof host === 'string' && policy.decide(host, 443).result === 'allow';
    };
    return { pattern, matches, place };
  } catch {
    return undefined;
  }
}

function compareOnce(
  { pattern }: Pick<Expression, 'pattern'>,
  other: NamePattern | ExpressionPattern,
  effort: Effort,
) {
  return ++effort.comparisons > MAX_COMPARISONS ? 'unknown' : comparePatterns(pattern, other);
}

function subdomains(name: string): NamePattern {
  const host = tryParseHost(name);
  if (typeof host !== 'string') throw new RangeError(`not a host: ${name}`);
  return { kind: 'subdomains', name: host };
}
