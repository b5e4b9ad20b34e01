import { comparePatterns, type GlobPattern, type Pattern } from '@paude/allowlist';
import { type Dialect, hasOneLabel, hasSubdomains } from './dialect.ts';

/** Why a pattern cannot be said as it is. Ends the codes of diagnostics. */
export type Shortfall =
  | 'name-unsayable'
  | 'wildcard-unsupported'
  | 'wildcard-depth'
  | 'wildcard-wider'
  | 'glob-unsayable'
  | 'expression-unsayable'
  | 'address-unsayable'
  | 'all-unsayable';

/** What of a pattern a kind can say: patterns that it can write, which together match a part of it, or all. */
export interface Said {
  readonly patterns: readonly Pattern[];
  /** Undefined when the patterns match all that the pattern does. */
  readonly shortfall?: Shortfall;
}

/** The most of a pattern that a kind can say without saying more. */
export function sayWithin(pattern: Pattern, dialect: Dialect): Said {
  switch (pattern.kind) {
    case 'any':
      return dialect.all ? { patterns: [pattern] } : { patterns: [], shortfall: 'all-unsayable' };
    case 'address':
      return dialect.addresses ? { patterns: [pattern] } : { patterns: [], shortfall: 'address-unsayable' };
    case 'expression':
      return { patterns: [], shortfall: 'expression-unsayable' };
    case 'glob':
      return sayGlob(pattern, dialect);
    default:
      if (!dialect.isName(pattern.name)) return { patterns: [], shortfall: 'name-unsayable' };
  }
  const { name } = pattern;
  switch (pattern.kind) {
    case 'exact':
      return { patterns: [pattern] };
    case 'suffix':
      return join([{ patterns: [{ kind: 'exact', name }] }, sayBelow({ kind: 'subdomains', name }, dialect)]);
    case 'subdomains':
      return sayBelow({ kind: 'subdomains', name }, dialect);
    case 'one-label':
      if (hasOneLabel(dialect)) return { patterns: [pattern] };
      return {
        patterns: [],
        shortfall: hasSubdomains(dialect) ? 'wildcard-wider' : 'wildcard-unsupported',
      };
  }
}

/** Patterns that a kind can say and that match all of a pattern and more; undefined where there are none worth saying. */
export function sayCovering(pattern: Pattern, dialect: Dialect): readonly Pattern[] | undefined {
  if (pattern.kind === 'one-label') {
    const said = sayWithin({ kind: 'subdomains', name: pattern.name }, dialect);
    return said.shortfall === undefined ? said.patterns : undefined;
  }
  if (pattern.kind === 'glob') return coverGlob(pattern, dialect);
  // Below a whole top-level domain there are more names of strangers than the expression could mean.
  if (pattern.kind !== 'expression' || pattern.suffix === '' || !pattern.suffix.includes('.'))
    return undefined;
  for (const kind of ['subdomains', 'suffix'] as const) {
    const cover: Pattern = { kind, name: pattern.suffix };
    const relation = comparePatterns(cover, pattern);
    if (relation !== 'covers' && relation !== 'equal') continue;
    const said = sayWithin(cover, dialect);
    return said.shortfall === undefined ? said.patterns : undefined;
  }
  return undefined;
}

interface BelowPattern {
  readonly kind: 'subdomains';
  readonly name: Exclude<Pattern, { kind: 'any' | 'address' | 'glob' | 'expression' }>['name'];
}

function sayBelow(pattern: BelowPattern, dialect: Dialect): Said {
  if (hasSubdomains(dialect)) return { patterns: [pattern] };
  if (!hasOneLabel(dialect)) return { patterns: [], shortfall: 'wildcard-unsupported' };
  return { patterns: [{ kind: 'one-label', name: pattern.name }], shortfall: 'wildcard-depth' };
}

function sayGlob(pattern: GlobPattern, dialect: Dialect): Said {
  const { front, body } = split(pattern);
  if (!canWrite(body, dialect)) return { patterns: [], shortfall: 'glob-unsayable' };
  const plain: Said = { patterns: [{ ...pattern, glob: body }] };
  if (front === '') return plain;
  const below: Said = hasSubdomains(dialect)
    ? { patterns: [{ ...pattern, glob: `**.${body}` }] }
    : { patterns: [{ ...pattern, glob: `*.${body}` }], shortfall: 'wildcard-depth' };
  return front === '.' ? join([plain, below]) : below;
}

function coverGlob(pattern: GlobPattern, dialect: Dialect): readonly Pattern[] | undefined {
  const { front, body } = split(pattern);
  const stars = body.replace(/\[[^\]]*\]|\?/g, '*').replace(/\*+/g, '*');
  if (canWrite(stars, dialect)) {
    const said = sayGlob({ ...pattern, glob: `${front}${stars}` }, dialect);
    return said.shortfall === undefined ? said.patterns : undefined;
  }
  if (!dialect.isName(pattern.suffix)) return undefined;
  const isOneLabel = front === '' && body.split('.').length === pattern.suffix.split('.').length + 1;
  if (isOneLabel && hasOneLabel(dialect)) return [{ kind: 'one-label', name: pattern.suffix }];
  return hasSubdomains(dialect) ? [{ kind: 'subdomains', name: pattern.suffix }] : undefined;
}

function split({ glob }: GlobPattern): { readonly front: '' | '.' | '**.'; readonly body: string } {
  const front = glob.startsWith('**.') ? '**.' : glob.startsWith('.') ? '.' : '';
  return { front, body: glob.slice(front.length) };
}

function canWrite(body: string, dialect: Dialect): boolean {
  return dialect.isGlob !== undefined && /^[a-z\d_.*-]+$/.test(body) && dialect.isGlob(body);
}

function join(parts: readonly Said[]): Said {
  const patterns = parts.flatMap((part) => part.patterns);
  const shortfall = parts.find((part) => part.shortfall !== undefined)?.shortfall;
  return shortfall === undefined ? { patterns } : { patterns, shortfall };
}
