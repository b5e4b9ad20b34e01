/** An address as four unsigned 32-bit words, most significant first. An IPv4 address is the first word, then zeros. */
export type Words = readonly [number, number, number, number];

/** An IP address, parsed: never a name, never with a zone, brackets or a prefix length. */
export interface Address {
  readonly family: 4 | 6;
  readonly words: Words;
}

const DOT = 46;
const ZERO = 48;
const NINE = 57;
const COLON = 58;

/**
 * Reads strict dotted decimal: four parts of 0 to 255, no leading zeros (RFC 6943 section 3.1.1 lists the looser forms
 * that systems disagree on). Returns the address as an unsigned 32-bit number, or undefined.
 */
export function parseIpv4(text: string): number | undefined {
  const length = text.length;
  if (length < 7 || length > 15) return undefined;
  let value = 0;
  let part = 0;
  let digits = 0;
  let dots = 0;
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    if (code === DOT) {
      if (digits === 0 || ++dots > 3) return undefined;
      value = value * 256 + part;
      part = 0;
      digits = 0;
    } else if (code >= ZERO && code <= NINE) {
      if (digits > 0 && part === 0) return undefined;
      part = part * 10 + (code - ZERO);
      digits++;
      if (part > 255) return undefined;
    } else {
      return undefined;
    }
  }
  return dots === 3 && digits > 0 ? value * 256 + part : undefined;
}

/**
 * Reads the text forms of RFC 4291 section 2.2, without brackets and without a zone; a dotted tail is strict dotted
 * decimal. Returns undefined for anything else.
 */
export function parseIpv6(text: string): Words | undefined {
  const length = text.length;
  if (length < 2 || length > 45) return undefined;
  const groups: number[] = [];
  let gap = -1;
  let index = 0;
  if (text.charCodeAt(0) === COLON) {
    if (text.charCodeAt(1) !== COLON) return undefined;
    gap = 0;
    index = 2;
  }
  while (index < length) {
    const start = index;
    let group = 0;
    let digit = hexDigit(text.charCodeAt(index));
    while (digit >= 0 && index - start < 4) {
      group = group * 16 + digit;
      digit = hexDigit(text.charCodeAt(++index));
    }
    if (index === start) return undefined;
    if (text.charCodeAt(index) === DOT) {
      const tail = parseIpv4(text.slice(start));
      if (tail === undefined) return undefined;
      groups.push(tail >>> 16, tail & 0xffff);
      break;
    }
    groups.push(group);
    if (index === length) break;
    if (text.charCodeAt(index++) !== COLON || index === length) return undefined;
    if (text.charCodeAt(index) === COLON) {
      if (gap >= 0) return undefined;
      gap = groups.length;
      index++;
    }
  }
  if (gap < 0 ? groups.length !== 8 : groups.length > 7) return undefined;
  if (gap >= 0) groups.splice(gap, 0, ...new Array<number>(8 - groups.length).fill(0));
  return wordsOfGroups(groups);
}

/** Reads an address of either family, without brackets; undefined when the text is not one. */
export function parseAddress(text: string): Address | undefined {
  const ipv4 = parseIpv4(text);
  if (ipv4 !== undefined) return ipv4Address(ipv4);
  const words = parseIpv6(text);
  return words === undefined ? undefined : { family: 6, words };
}

/** The IPv4 address that this unsigned 32-bit number is. */
export function ipv4Address(value: number): Address {
  return { family: 4, words: [value >>> 0, 0, 0, 0] };
}

/** Canonical text: dotted decimal, or RFC 5952 without brackets and without a dotted tail. */
export function formatAddress(address: Address): string {
  return address.family === 4 ? formatIpv4(address.words[0]) : formatIpv6(address.words);
}

function formatIpv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

function formatIpv6(words: Words): string {
  const groups = words.flatMap((word) => [word >>> 16, word & 0xffff]);
  let runStart = -1;
  let runLength = 1;
  for (let start = 0; start < 8; start++) {
    let end = start;
    while (end < 8 && groups[end] === 0) end++;
    // Only a longer run replaces the one found: RFC 5952 section 4.2.3 shortens the first of equals, never a lone zero.
    if (end - start > runLength) {
      runStart = start;
      runLength = end - start;
    }
    if (end > start) start = end;
  }
  const hex = groups.map((group) => group.toString(16));
  if (runStart < 0) return hex.join(':');
  return `${hex.slice(0, runStart).join(':')}::${hex.slice(runStart + runLength).join(':')}`;
}

function wordsOfGroups(groups: readonly number[]): Words {
  const word = (index: number): number => (((groups[index] ?? 0) << 16) | (groups[index + 1] ?? 0)) >>> 0;
  return [word(0), word(2), word(4), word(6)];
}

function hexDigit(code: number): number {
  if (code >= ZERO && code <= NINE) return code - ZERO;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
