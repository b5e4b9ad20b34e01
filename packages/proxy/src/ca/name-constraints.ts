import {
  type Cidr,
  cidrCovers,
  cidrHas,
  formatPattern,
  type Host,
  hostAddress,
  type Pattern,
  parseCidr,
} from '@paude/allowlist';
import { PaudeError } from '@paude/errors';

/**
 * What a CA may sign for, as name constraints can say it (RFC 5280 section 4.2.1.10). Sorted, and nothing twice: the same
 * hosts always give the same permissions.
 */
export interface Permissions {
  /** Domains; each stands for itself and for every name below it. */
  readonly names: readonly string[];
  /** Ranges as CIDR text: `198.51.100.0/24`. */
  readonly addresses: readonly string[];
}

/**
 * The narrowest permissions that hold every host of the patterns. They can be wider than the patterns, because a name in
 * a certificate's constraints always stands for what is below it, too.
 *
 * @throws PaudeError `route-too-wide` for a pattern that would let the CA sign for hosts of strangers.
 */
export function permissionsOf(patterns: readonly Pattern[]): Permissions {
  const names = new Set<string>();
  const ranges: Cidr[] = [];
  for (const pattern of patterns) {
    if (pattern.kind === 'address') ranges.push(pattern.cidr);
    else names.add(domainOf(pattern));
  }
  const widest = ranges.filter(
    (range) => !ranges.some((other) => other.text !== range.text && cidrCovers(other, range)),
  );
  return {
    names: [...names].filter((name) => !parentsOf(name).some((parent) => names.has(parent))).sort(),
    addresses: [...new Set(widest.map(({ text }) => text))].sort(),
  };
}

/** Whether the CA may sign for a host. */
export function permits({ names, addresses }: Permissions, host: Host): boolean {
  const address = hostAddress(host);
  if (address !== undefined) return addresses.some((text) => cidrHas(parseCidr(text), address));
  return names.includes(host) || parentsOf(host).some((parent) => names.includes(parent));
}

/** Whether the first permissions hold all of the second. */
export function coversPermissions(outer: Permissions, inner: Permissions): boolean {
  const ranges = outer.addresses.map(parseCidr);
  return (
    inner.names.every((name) => [name, ...parentsOf(name)].some((domain) => outer.names.includes(domain))) &&
    inner.addresses.map(parseCidr).every((range) => ranges.some((other) => cidrCovers(other, range)))
  );
}

/** The domain that every name of a pattern is in. */
function domainOf(pattern: Exclude<Pattern, { kind: 'address' }>): string {
  if (pattern.kind === 'any') throw tooWide(pattern, 'it stands for every host');
  const domain = 'name' in pattern ? pattern.name : pattern.suffix;
  if (domain === '') throw tooWide(pattern, 'it cannot be told which domain its names are in');
  // To permit "dev" would be to permit every name under the top-level domain of that name.
  if (!domain.includes('.')) {
    throw tooWide(
      pattern,
      `a CA that may sign for ${domain} may sign for every name that ends in .${domain}`,
    );
  }
  return domain;
}

/** The domains above a name, the nearest first: `a.b.c` has `b.c` and `c`. */
function parentsOf(name: string): readonly string[] {
  const parents: string[] = [];
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
    parents.push(name.slice(dot + 1));
  }
  return parents;
}

function tooWide(pattern: Pattern, why: string): PaudeError {
  return new PaudeError('route-too-wide', {
    action: 'limit the certificate authority to the credential route for',
    input: formatPattern(pattern),
    why,
    remedy: 'Name the hosts in full, as in api.example.com or .example.com',
  });
}
