import { formatAddress } from './address.ts';
import type { Cidr } from './cidr.ts';
import { isSingleAddress } from './cidr.ts';
import type { Host } from './host.ts';

/** `all`: every name and every address. */
export interface AnyPattern {
  readonly kind: 'any';
}

/**
 * A literal name and what may stand in front of it: `exact` nothing, `suffix` (`.x`) nothing or any labels, `one-label`
 * (`*.x`) exactly one label, `subdomains` (`**.x`) one or more labels.
 */
export interface NamePattern {
  readonly kind: 'exact' | 'suffix' | 'one-label' | 'subdomains';
  readonly name: Host;
}

/** Wildcards inside labels. */
export interface GlobPattern {
  readonly kind: 'glob';
  /** Canonical glob, `.` or `**.` in front as written: `*-aiplatform.googleapis.com`. */
  readonly glob: string;
  /** The literal labels at its end, two or more: `googleapis.com`. */
  readonly suffix: Host;
}

/** A regular expression over names; it never matches an address. */
export interface ExpressionPattern {
  readonly kind: 'expression';
  /** RE2 syntax, without the `~`. Case does not matter. */
  readonly source: string;
  /** The literal labels that every match ends in, or empty when that cannot be told. */
  readonly suffix: Host | '';
}

/** An IP address or a range of them. */
export interface AddressPattern {
  readonly kind: 'address';
  readonly cidr: Cidr;
}

/** Whether a name matches. */
export type NameMatcher = (name: string) => boolean;

/** The host part of a rule. */
export type Pattern = AnyPattern | NamePattern | GlobPattern | ExpressionPattern | AddressPattern;

/** The pattern in its one canonical spelling, which parses to the same pattern again. */
export function formatPattern(pattern: Pattern): string {
  switch (pattern.kind) {
    case 'any':
      return 'all';
    case 'exact':
      // A bare word is an alias, so a host of one label keeps its trailing dot.
      return pattern.name.includes('.') ? pattern.name : `${pattern.name}.`;
    case 'suffix':
      return `.${pattern.name}`;
    case 'one-label':
      return `*.${pattern.name}`;
    case 'subdomains':
      return `**.${pattern.name}`;
    case 'glob':
      return pattern.glob;
    case 'expression':
      return `~${pattern.source}`;
    case 'address':
      return formatCidrPattern(pattern.cidr);
  }
}

function formatCidrPattern(cidr: Cidr): string {
  const address = formatAddress(cidr);
  const written = cidr.family === 6 ? `[${address}]` : address;
  return isSingleAddress(cidr) ? written : `${written}/${cidr.prefix}`;
}
