import { type Address, ipv4Address, type Words } from './address.ts';
import type { Cidr } from './cidr.ts';
import { addressHost, type Host } from './host.ts';
import type { Allowlist, Rule } from './rule.ts';

/**
 * Names that no literal name or wildcard rule tells apart: a domain itself, those with one label more, or with two and
 * more, that lie below no longer domain of the rules. The empty domain is the root.
 */
export interface HostClass {
  readonly domain: string;
  readonly depth: 'none' | 'one' | 'more';
  /** The next longer domains of the rules: what is at or below them is in classes of its own. */
  readonly subdomains: readonly string[];
  /** One of the names. */
  readonly host: Host;
}

/**
 * Classes that hold every name between them. Globs and expressions may still tell names of a class apart, when it has
 * more than one; the domains that they are below come first.
 */
export function* hostClasses(allowlists: readonly Allowlist[]): Generator<HostClass> {
  const suffixes = new Set<string>();
  const names = new Set<string>();
  for (const { rules } of allowlists) {
    for (const { pattern } of rules) {
      if ('suffix' in pattern) suffixes.add(pattern.suffix);
      else if ('name' in pattern) names.add(pattern.name);
    }
  }
  suffixes.delete('');
  // In an order that does not depend on which list comes first.
  const domains = new Set<string>([...[...suffixes].sort(), '', ...[...names].sort()]);
  const label = freshLabel(domains);
  const children = childrenOf(domains);
  for (const domain of domains) {
    const subdomains = children.get(domain) ?? [];
    if (domain !== '') yield { domain, depth: 'none', subdomains, host: domain as Host };
    const below = domain === '' ? label : `${label}.${domain}`;
    const further = `${label}.${below}`;
    // A domain of nearly 253 characters has no names below it.
    if (below.length <= 253) yield { domain, depth: 'one', subdomains, host: below as Host };
    if (further.length <= 253) yield { domain, depth: 'more', subdomains, host: further as Host };
  }
}

/** Addresses of which one at least lies in each part that the rules tell apart. */
export function representativeAddresses(allowlists: readonly Allowlist[]): Host[] {
  const addresses: Address[] = [ipv4Address(0), { family: 6, words: [0, 0, 0, 0] }];
  const rules = allowlists.flatMap((allowlist) => allowlist.rules);
  for (const rule of rules)
    if (rule.pattern.kind === 'address') addresses.push(...edges(rule.pattern.cidr, rule));
  const hosts = new Map<Host, Host>();
  for (const address of addresses) {
    const host = addressHost(address);
    hosts.set(host, host);
  }
  return [...hosts.values()].sort();
}

function edges(cidr: Cidr, rule: Rule): Address[] {
  const first: Address = { family: cidr.family, words: cidr.words };
  const after = addressAfter(cidr);
  const found = after === undefined ? [first] : [first, after];
  // A denied IPv4 address is denied inside of IPv6 addresses, too.
  return rule.effect === 'deny' ? found.flatMap((address) => [address, ...carriers(address)]) : found;
}

/** The first address behind a range. */
function addressAfter({ family, words, prefix }: Cidr): Address | undefined {
  if (prefix === 0) return undefined;
  const result: [number, number, number, number] = [...words];
  let index = (prefix - 1) >>> 5;
  let step = 2 ** (31 - ((prefix - 1) & 31));
  for (; index >= 0; index--, step = 1) {
    const sum = (result[index] ?? 0) + step;
    result[index] = sum % 2 ** 32;
    if (sum < 2 ** 32) return { family, words: result };
  }
  return undefined;
}

/** IPv6 addresses that carry an IPv4 address, one of each form. */
function carriers({ family, words: [value] }: Address): Address[] {
  if (family === 6) return [];
  const carrying: Words[] = [
    [0x0064ff9b, 0, 0, value],
    [0, 0, 0, value],
    [0, 0, 0xffff0000, value],
    [(0x20020000 | (value >>> 16)) >>> 0, (value << 16) >>> 0, 0, 0],
    [0x20010000, value, 0, 0],
    [0x20010000, 0x08080808, 0, ~value >>> 0],
    [0x20000000, 0, 0x00005efe, value],
  ];
  return carrying.map((words) => ({ family: 6, words }));
}

function childrenOf(domains: ReadonlySet<string>): Map<string, string[]> {
  const children = new Map<string, string[]>();
  for (const domain of domains) {
    if (domain === '') continue;
    let parent = domain;
    do {
      const dot = parent.indexOf('.');
      parent = dot < 0 ? '' : parent.slice(dot + 1);
    } while (!domains.has(parent));
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [domain]);
    else siblings.push(domain);
  }
  return children;
}

function freshLabel(domains: ReadonlySet<string>): string {
  const labels = new Set<string>();
  for (const domain of domains) for (const label of domain.split('.')) labels.add(label);
  let label = 'x';
  for (let count = 1; labels.has(label); count++) label = `x${count}`;
  return label;
}
