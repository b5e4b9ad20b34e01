import { findName, languageOf } from './automata.ts';
import { cidrCovers } from './cidr.ts';
import type { Host } from './host.ts';
import { formatPattern, type NamePattern, type Pattern } from './pattern.ts';

/**
 * What the one pattern matches of what the other does: the same, all and more (`covers`), a part (`covered`), something
 * of it (`overlaps`), nothing of it, or that cannot be told, which must be taken as anything. Ports do not count.
 */
export type PatternRelation = 'equal' | 'covers' | 'covered' | 'overlaps' | 'disjoint' | 'unknown';

/**
 * Compares what two patterns match. Exact for names, wildcards, globs and addresses; for an expression when its syntax
 * means the same everywhere and it is not too large, else `unknown` unless its ending tells.
 */
export function comparePatterns(a: Pattern, b: Pattern): PatternRelation {
  if (formatPattern(a) === formatPattern(b)) return 'equal';
  if (a.kind === 'any') return 'covers';
  if (b.kind === 'any') return 'covered';
  if (a.kind === 'address' || b.kind === 'address') {
    if (a.kind !== 'address' || b.kind !== 'address') return 'disjoint';
    if (cidrCovers(a.cidr, b.cidr)) return 'covers';
    return cidrCovers(b.cidr, a.cidr) ? 'covered' : 'disjoint';
  }
  if (isNamePattern(a) && isNamePattern(b)) return compareNames(a, b);
  const byEnding = byEndings(a, b);
  if (byEnding === 'disjoint') return byEnding;
  const exact = byAutomata(a, b);
  return exact === 'unknown' ? (byEnding ?? exact) : exact;
}

/** Whether a name matches a literal name or wildcard pattern. */
function matchesNamePattern(pattern: NamePattern, name: string): boolean {
  if (name === pattern.name) return pattern.kind === 'exact' || pattern.kind === 'suffix';
  if (pattern.kind === 'exact' || !name.endsWith(`.${pattern.name}`)) return false;
  return pattern.kind !== 'one-label' || !name.slice(0, -pattern.name.length - 1).includes('.');
}

function isNamePattern(pattern: Pattern): pattern is NamePattern {
  return 'name' in pattern;
}

/**
 * Whether such a pattern matches depends on nothing but the labels in front of its name: none, one, or more. So six names
 * tell all; `-` is a label that no name has.
 */
function compareNames(a: NamePattern, b: NamePattern): PatternRelation {
  const names = [a.name, b.name].flatMap((name) => [name, `-.${name}`, `-.-.${name}`]);
  let both = false;
  let onlyA = false;
  let onlyB = false;
  for (const name of names) {
    const inA = matchesNamePattern(a, name);
    const inB = matchesNamePattern(b, name);
    both ||= inA && inB;
    onlyA ||= inA && !inB;
    onlyB ||= inB && !inA;
  }
  return relation(both, onlyA, onlyB);
}

/** Globs and expressions match below their literal ending only, which settles some cases, if not `equal` from `covers`. */
function byEndings(a: Pattern, b: Pattern): PatternRelation | undefined {
  const outerA = outerPattern(a);
  const outerB = outerPattern(b);
  if (outerA === undefined || outerB === undefined) return undefined;
  const relationOfOuters = compareNames(outerA, outerB);
  if (relationOfOuters === 'disjoint') return 'disjoint';
  // One that is not approximated and holds all of what the other lies in.
  if (outerA === a && (relationOfOuters === 'covers' || relationOfOuters === 'equal')) return 'covers';
  if (outerB === b && (relationOfOuters === 'covered' || relationOfOuters === 'equal')) return 'covered';
  return undefined;
}

function outerPattern(pattern: Pattern): NamePattern | undefined {
  if (isNamePattern(pattern)) return pattern;
  if (pattern.kind !== 'glob' && pattern.kind !== 'expression') return undefined;
  return pattern.suffix === '' ? undefined : { kind: 'subdomains', name: pattern.suffix as Host };
}

function byAutomata(a: Pattern, b: Pattern): PatternRelation {
  const languageA = languageOf(a);
  const languageB = languageOf(b);
  if (languageA === undefined || languageB === undefined) return 'unknown';
  const both = findName([languageA, languageB], []);
  if (both === 'none') return 'disjoint';
  const onlyA = findName([languageA], [languageB]);
  const onlyB = findName([languageB], [languageA]);
  if (both === 'unknown' || onlyA === 'unknown' || onlyB === 'unknown') return 'unknown';
  return relation(true, onlyA !== 'none', onlyB !== 'none');
}

function relation(both: boolean, onlyA: boolean, onlyB: boolean): PatternRelation {
  if (!both) return 'disjoint';
  if (onlyA) return onlyB ? 'overlaps' : 'covers';
  return onlyB ? 'covered' : 'equal';
}
