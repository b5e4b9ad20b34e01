import { type Address, addressHost, type Cidr, formatAddress, parseAddress } from '@paude/allowlist';

/** Addresses of both families as ranges of numbers, sorted, neither touching nor overlapping. */
export interface AddressRanges {
  readonly 4: readonly NumberRange[];
  readonly 6: readonly NumberRange[];
}

type NumberRange = readonly [first: bigint, last: bigint];

const LAST = { 4: (1n << 32n) - 1n, 6: (1n << 128n) - 1n } as const;

export const EVERY_ADDRESS: AddressRanges = { 4: [[0n, LAST[4]]], 6: [[0n, LAST[6]]] };
export const NO_ADDRESS: AddressRanges = { 4: [], 6: [] };

/** The addresses of a range. */
export function cidrRange(cidr: Pick<Cidr, 'family' | 'words' | 'prefix'>): AddressRanges {
  const size = 1n << BigInt((cidr.family === 4 ? 32 : 128) - cidr.prefix);
  const first = numberOf(cidr);
  return { ...NO_ADDRESS, [cidr.family]: [[first, first + size - 1n]] };
}

/**
 * Reads `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `10.0.0.1-10.0.0.9`, an address alone, or `all`, as squid does: bits behind the
 * prefix are dropped. Undefined when it is none of these.
 */
export function parseAddressRange(text: string): AddressRanges | undefined {
  if (text === 'all') return EVERY_ADDRESS;
  const [addresses = '', maskText, ...more] = text.split('/');
  const [firstText = '', lastText = firstText, ...others] = addresses.split('-');
  const first = parseAddress(firstText.replace(/^\[(.*)\]$/, '$1'));
  const last = parseAddress(lastText.replace(/^\[(.*)\]$/, '$1'));
  if (first === undefined || last === undefined || first.family !== last.family) return undefined;
  const bits = maskText === undefined ? undefined : prefixOf(maskText, first.family);
  if (more.length > 0 || others.length > 0 || (maskText !== undefined && bits === undefined))
    return undefined;
  const width = first.family === 4 ? 32 : 128;
  const behind = (1n << BigInt(width - (bits ?? width))) - 1n;
  const from = numberOf(first) & ~behind;
  const to = numberOf(last) | behind;
  if (from > to) return undefined;
  return asIpv4({ ...NO_ADDRESS, [first.family]: [[from, to]] });
}

export function uniteAddresses(all: readonly AddressRanges[]): AddressRanges {
  return { 4: merge(all.flatMap((ranges) => ranges[4])), 6: merge(all.flatMap((ranges) => ranges[6])) };
}

export function commonAddresses(a: AddressRanges, b: AddressRanges): AddressRanges {
  return { 4: common(a[4], b[4]), 6: common(a[6], b[6]) };
}

export function otherAddresses(ranges: AddressRanges): AddressRanges {
  return { 4: gaps(ranges[4], LAST[4]), 6: gaps(ranges[6], LAST[6]) };
}

export function isNoAddress(ranges: AddressRanges): boolean {
  return ranges[4].length === 0 && ranges[6].length === 0;
}

/** Whether all of the inner addresses are outer ones. */
export function addressesCover(outer: AddressRanges, inner: AddressRanges): boolean {
  return isNoAddress(commonAddresses(inner, otherAddresses(outer)));
}

/**
 * The ranges as patterns, `198.51.100.0/24` and `[2001:db8::]/32`. An allow of a whole family is written as its halves,
 * because the pattern grammar refuses a prefix of 0 there.
 */
export function addressPatterns(ranges: AddressRanges, isDeny: boolean): string[] {
  const patterns: string[] = [];
  for (const family of [4, 6] as const) {
    const width = family === 4 ? 32 : 128;
    for (const [from, to] of ranges[family]) {
      let first = from;
      while (first <= to) {
        let bits = isDeny ? width : width - 1;
        while (
          bits > 0 &&
          ((first & ((1n << BigInt(bits)) - 1n)) !== 0n || first + (1n << BigInt(bits)) - 1n > to)
        ) {
          bits--;
        }
        patterns.push(patternOf(first, family, width - bits));
        first += 1n << BigInt(bits);
      }
    }
  }
  return patterns;
}

function patternOf(first: bigint, family: 4 | 6, prefix: number): string {
  const word = (shift: bigint): number => Number((first >> shift) & 0xffffffffn);
  const address: Address =
    family === 4
      ? { family, words: [word(0n), 0, 0, 0] }
      : { family, words: [word(96n), word(64n), word(32n), word(0n)] };
  const text = family === 4 ? formatAddress(address) : `[${formatAddress(address)}]`;
  if (prefix === (family === 4 ? 32 : 128)) return family === 4 ? addressHost(address) : text;
  return `${text}/${prefix}`;
}

function numberOf({ family, words }: Pick<Address, 'family' | 'words'>): bigint {
  if (family === 4) return BigInt(words[0]);
  return words.reduce((value, word) => (value << 32n) | BigInt(word), 0n);
}

function prefixOf(text: string, family: 4 | 6): number | undefined {
  const width = family === 4 ? 32 : 128;
  if (/^\d{1,3}$/.test(text)) return Number(text) <= width ? Number(text) : undefined;
  const mask = parseAddress(text);
  if (mask === undefined || mask.family !== family) return undefined;
  const bits = numberOf(mask).toString(2).padStart(width, '0');
  return /^1*0*$/.test(bits) ? bits.lastIndexOf('1') + 1 : undefined;
}

/** `::ffff:a.b.c.d` reaches a.b.c.d, and stands for it everywhere here. */
function asIpv4(ranges: AddressRanges): AddressRanges {
  const mapped: NumberRange = [0xffff_0000_0000n, 0xffff_ffff_ffffn];
  const inside = common(ranges[6], [mapped]).map(([a, b]): NumberRange => [a & LAST[4], b & LAST[4]]);
  return { 4: merge([...ranges[4], ...inside]), 6: ranges[6] };
}

function merge(ranges: readonly NumberRange[]): NumberRange[] {
  const merged: [bigint, bigint][] = [];
  for (const [first, last] of [...ranges].sort((a, b) => (a[0] < b[0] ? -1 : 1))) {
    const before = merged.at(-1);
    if (before !== undefined && first <= before[1] + 1n) {
      if (last > before[1]) before[1] = last;
    } else merged.push([first, last]);
  }
  return merged;
}

function common(a: readonly NumberRange[], b: readonly NumberRange[]): NumberRange[] {
  const found: NumberRange[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const [firstA, lastA] = a[i] ?? [0n, 0n];
    const [firstB, lastB] = b[j] ?? [0n, 0n];
    const first = firstA > firstB ? firstA : firstB;
    const last = lastA < lastB ? lastA : lastB;
    if (first <= last) found.push([first, last]);
    if (lastA < lastB) i++;
    else j++;
  }
  return found;
}

function gaps(ranges: readonly NumberRange[], end: bigint): NumberRange[] {
  const found: NumberRange[] = [];
  let next = 0n;
  for (const [first, last] of ranges) {
    if (first > next) found.push([next, first - 1n]);
    next = last + 1n;
  }
  if (next <= end) found.push([next, end]);
  return found;
}
