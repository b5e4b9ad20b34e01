import { type Cidr, cidrCovers, SPECIAL_USES } from '@paude/allowlist';
import { nat64Range } from '../names/cidrs.ts';
import { commonCidr, minimalCidrs } from './cidr-set.ts';

/** A range of addresses to open, less what lies inside of it. */
export interface AddressBlock {
  readonly cidr: Cidr;
  /** Strictly inside `cidr`, sorted, none inside another. */
  readonly except: readonly Cidr[];
}

const NAMED = SPECIAL_USES.flatMap(({ cidr, name, source, category }) => {
  const use = { cidr, category, text: `${name} (${source})` };
  // A cluster with NAT64 reaches private addresses there as well.
  return cidr.family === 4 ? [use, { ...use, cidr: nat64Range(cidr), text: `${name} behind NAT64` }] : [use];
});

/** What no proxy may reach unless it is allowed by range: each special-use range, IPv4 ones behind NAT64 too. */
const SPECIAL = minimalCidrs(NAMED.map(({ cidr }) => cidr));
const METADATA = NAMED.filter(({ category }) => category === 'metadata').map(({ cidr }) => cidr);

/** Whether no address of a range is one of the public Internet. */
export function isNeverPublic(cidr: Cidr): boolean {
  return SPECIAL.some((special) => cidrCovers(special, cidr));
}

/** What a special-use range is for: `private use (RFC 1918)`. */
export function rangeName(cidr: Cidr): string | undefined {
  return NAMED.find((use) => use.cidr.text === cidr.text)?.text;
}

/**
 * The addresses of a range that the proxy may dial: all but special uses, and of those what `allowPrivate` opens. A
 * metadata endpoint is opened only by a range that is exactly its address, as in the proxy.
 */
export function dialableBlocks(cidr: Cidr, allowPrivate: readonly Cidr[]): AddressBlock[] {
  const blocks: AddressBlock[] = [];
  if (!SPECIAL.some((special) => cidrCovers(special, cidr))) {
    blocks.push({ cidr, except: inside(cidr, SPECIAL) });
  }
  const opened = allowPrivate.filter((range) =>
    SPECIAL.some((special) => commonCidr(special, range) !== undefined),
  );
  const isOpened = (metadata: Cidr): boolean => allowPrivate.some(({ text }) => text === metadata.text);
  const closed = METADATA.filter((metadata) => !isOpened(metadata));
  const shared = opened.flatMap((range) => commonCidr(cidr, range) ?? []);
  for (const range of minimalCidrs(shared)) {
    if (closed.some((metadata) => cidrCovers(metadata, range))) continue;
    blocks.push({ cidr: range, except: inside(range, closed) });
  }
  return blocks;
}

/**
 * The private ranges that the proxy may reach, as it dials them: behind NAT64 too where there is IPv6, for there the
 * address inside decides.
 */
export function allowedPrivate(allowPrivate: readonly Cidr[], families: 'ipv4' | 'ipv6' | 'dual'): Cidr[] {
  const behindNat64 =
    families === 'ipv4' ? [] : allowPrivate.filter(({ family }) => family === 4).map(nat64Range);
  return [...allowPrivate, ...behindNat64];
}

function inside(cidr: Cidr, ranges: readonly Cidr[]): Cidr[] {
  return minimalCidrs(ranges.filter((range) => range.prefix > cidr.prefix && cidrCovers(cidr, range)));
}
