import { type Cidr, cidrCovers, formatAddress, parseCidr } from '@paude/allowlist';

/** By family, then by address, wider ranges before those inside of them. */
export function compareCidrs(a: Cidr, b: Cidr): number {
  if (a.family !== b.family) return a.family - b.family;
  for (const index of [0, 1, 2, 3] as const) {
    if (a.words[index] !== b.words[index]) return a.words[index] - b.words[index];
  }
  return a.prefix - b.prefix;
}

/** Ranges sorted, without those that lie in another. */
export function minimalCidrs(cidrs: Iterable<Cidr>): Cidr[] {
  const minimal: Cidr[] = [];
  for (const cidr of [...cidrs].sort(compareCidrs)) {
    // Sorted so, only the last that was kept can hold the next.
    const last = minimal.at(-1);
    if (last === undefined || !cidrCovers(last, cidr)) minimal.push(cidr);
  }
  return minimal;
}

/** What two ranges share: the narrower one, or nothing. */
export function commonCidr(a: Cidr, b: Cidr): Cidr | undefined {
  if (cidrCovers(a, b)) return b;
  return cidrCovers(b, a) ? a : undefined;
}

/** A range without the ranges in `holes`, as the fewest ranges, sorted. */
export function withoutCidrs(cidr: Cidr, holes: readonly Cidr[]): Cidr[] {
  const inside = holes.filter((hole) => commonCidr(cidr, hole) !== undefined);
  if (inside.length === 0) return [cidr];
  if (inside.some((hole) => cidrCovers(hole, cidr))) return [];
  return halves(cidr).flatMap((half) => withoutCidrs(half, inside));
}

/** Whether ranges together hold all of a range. */
export function isCovered(cidr: Cidr, ranges: readonly Cidr[]): boolean {
  const inside = ranges.filter((range) => commonCidr(cidr, range) !== undefined);
  if (inside.length === 0) return false;
  if (inside.some((range) => cidrCovers(range, cidr))) return true;
  return halves(cidr).every((half) => isCovered(half, inside));
}

function halves(cidr: Cidr): [Cidr, Cidr] {
  const { family, prefix, words } = cidr;
  const upper: [number, number, number, number] = [...words];
  const index = (prefix >> 5) as 0 | 1 | 2 | 3;
  upper[index] = (upper[index] | (0x80000000 >>> (prefix & 31))) >>> 0;
  const half = (first: Cidr['words']): Cidr =>
    parseCidr(`${formatAddress({ family, words: first })}/${prefix + 1}`);
  return [half(words), half(upper)];
}
