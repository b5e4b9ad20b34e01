import { type Cidr, cidrCovers, formatAddress, parseCidr, SPECIAL_USES } from '@paude/allowlist';
import type { Intent } from '../model/intent.ts';

/** Every address of each family. */
export const EVERYWHERE = { 4: parseCidr('0.0.0.0/0'), 6: parseCidr('::/0') } as const;

/** The families that an intent has, in order. */
export function familiesOf({ families }: Pick<Intent, 'families'>): readonly (4 | 6)[] {
  return families === 'dual' ? [4, 6] : families === 'ipv4' ? [4] : [6];
}

/** Whether two ranges have an address in common. */
export function cidrsMeet(a: Cidr, b: Cidr): boolean {
  return cidrCovers(a, b) || cidrCovers(b, a);
}

/** A range without others, as the fewest ranges. */
export function withoutCidrs(cidr: Cidr, holes: readonly Cidr[]): readonly Cidr[] {
  const inside = holes.filter((hole) => cidrsMeet(hole, cidr));
  if (inside.length === 0) return [cidr];
  if (inside.some((hole) => cidrCovers(hole, cidr))) return [];
  return halves(cidr).flatMap((half) => withoutCidrs(half, inside));
}

/** Ranges that no other of them holds, in their order. */
function outermost(cidrs: readonly Cidr[]): readonly Cidr[] {
  return cidrs.filter(
    (cidr, place) =>
      !cidrs.some(
        (other, otherPlace) => cidrCovers(other, cidr) && (other.prefix < cidr.prefix || otherPlace < place),
      ),
  );
}

/**
 * The special-use ranges that the proxy refuses, whatever name led there: all but those that are allowed. As there, a
 * metadata endpoint is opened only by a range that is exactly its address. IPv4 ranges count inside of NAT64 as well.
 */
export function refusedRanges(intent: RefusedRangesIntent): readonly Cidr[] {
  const known = refusedByIntent.get(intent);
  if (known !== undefined) return known;
  const found = findRefusedRanges(intent);
  refusedByIntent.set(intent, found);
  return found;
}

type RefusedRangesIntent = Pick<Intent, 'allowPrivate' | 'families'>;

/** Asked for with each rule of an allowlist, and the same for all of them. */
const refusedByIntent = new WeakMap<RefusedRangesIntent, readonly Cidr[]>();

function findRefusedRanges(intent: RefusedRangesIntent): readonly Cidr[] {
  const families = familiesOf(intent);
  const isOpened = (cidr: Cidr) => intent.allowPrivate.some(({ text }) => text === cidr.text);
  const refused = SPECIAL_USES.flatMap(({ category, cidr }) =>
    category === 'metadata' ? (isOpened(cidr) ? [] : [cidr]) : withoutCidrs(cidr, intent.allowPrivate),
  );
  const translated = refused.filter(({ family }) => family === 4).map(nat64Range);
  return outermost([...refused, ...translated].filter(({ family }) => families.includes(family)));
}

/** The range in which NAT64 (RFC 6052) puts a range of IPv4 addresses. */
export function nat64Range({ words, prefix }: Cidr): Cidr {
  const address = formatAddress({ family: 6, words: [0x0064ff9b, 0, 0, words[0]] });
  return parseCidr(`${address}/${96 + prefix}`);
}

/** IPv4-mapped addresses are IPv4 addresses here, and never on the wire: their half of an IPv6 range is left out. */
function halves({ family, words, prefix }: Cidr): readonly Cidr[] {
  const upper: [number, number, number, number] = [...words];
  const index = prefix >>> 5;
  upper[index] = ((upper[index] ?? 0) | (2 ** (31 - (prefix & 31)))) >>> 0;
  return [words, upper]
    .map((half) => parseCidr(`${formatAddress({ family, words: half })}/${prefix + 1}`))
    .filter((half) => half.family === family);
}
