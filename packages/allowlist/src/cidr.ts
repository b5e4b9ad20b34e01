import { PaudeError } from '@paude/errors';
import { type Address, formatAddress, parseAddress, type Words } from './address.ts';

/** A range of addresses. No host bits are set, and ranges of IPv4-mapped addresses are IPv4 ranges. */
export interface Cidr {
  readonly family: 4 | 6;
  /** The first address of the range. */
  readonly words: Words;
  /** 0 to 32 for IPv4, 0 to 128 for IPv6. */
  readonly prefix: number;
  readonly mask: Words;
  /** Canonical: `198.51.100.0/24`, `2001:db8::/32`; the prefix length is always there, brackets never. */
  readonly text: string;
}

/**
 * Reads `198.51.100.0/24`, `2001:db8::/32` or `[2001:db8::]/32`; a lone address is the range of that one address.
 *
 * @throws PaudeError `cidr-invalid`, also when bits are set behind the prefix (the message has the right form).
 */
export function parseCidr(input: string): Cidr {
  const slash = input.indexOf('/');
  const addressText = slash < 0 ? input : input.slice(0, slash);
  const bracketed = addressText.startsWith('[') && addressText.endsWith(']');
  const address = parseAddress(bracketed ? addressText.slice(1, -1) : addressText);
  if (address === undefined || (bracketed && address.family === 4)) {
    throw cidrError(
      input,
      'its address is not an IP address',
      'Write it as in 198.51.100.0/24 or [2001:db8::]/32',
    );
  }
  const bits = address.family === 4 ? 32 : 128;
  const prefixText = slash < 0 ? String(bits) : input.slice(slash + 1);
  const prefix = /^(?:0|[1-9]\d{0,2})$/.test(prefixText) ? Number(prefixText) : -1;
  if (prefix < 0 || prefix > bits) {
    throw cidrError(
      input,
      `its prefix length is not a number from 0 to ${bits}`,
      `Write it as in ${formatAddress(address)}/${bits}`,
    );
  }
  const cidr = makeCidr(address, prefix);
  if (cidr.family === address.family && !sameWords(cidr.words, address.words)) {
    throw cidrError(
      input,
      'it has bits set behind its prefix',
      `Write ${cidr.text} for the range, or ${formatAddress(address)}/${bits} for the one address`,
    );
  }
  return cidr;
}

/** The range of `prefix` leading bits that holds an address. */
function makeCidr(address: Address, prefix: number): Cidr {
  const [first, second, third, last] = address.words;
  if (address.family === 6 && first === 0 && second === 0 && third === 0xffff && prefix >= 96) {
    return makeCidr({ family: 4, words: [last, 0, 0, 0] }, prefix - 96);
  }
  const mask: Words = [wordMask(prefix), wordMask(prefix - 32), wordMask(prefix - 64), wordMask(prefix - 96)];
  const words = maskWords(address.words, mask);
  const text = `${formatAddress({ family: address.family, words })}/${prefix}`;
  return { family: address.family, words, prefix, mask, text };
}

/** Whether an address lies in a range. Ranges of one family never hold addresses of the other. */
export function cidrHas(cidr: Cidr, address: Address): boolean {
  return cidr.family === address.family && sameWords(maskWords(address.words, cidr.mask), cidr.words);
}

/** Whether the first range holds all of the second. */
export function cidrCovers(outer: Cidr, inner: Cidr): boolean {
  return outer.prefix <= inner.prefix && cidrHas(outer, inner);
}

/** Whether a range is exactly one address. */
export function isSingleAddress(cidr: Cidr): boolean {
  return cidr.prefix === (cidr.family === 4 ? 32 : 128);
}

/** Those bits of an address that a mask keeps. */
export function maskWords(words: Words, mask: Words): Words {
  return [
    (words[0] & mask[0]) >>> 0,
    (words[1] & mask[1]) >>> 0,
    (words[2] & mask[2]) >>> 0,
    (words[3] & mask[3]) >>> 0,
  ];
}

function sameWords(a: Words, b: Words): boolean {
  return a[0] === b[0] && a[1] === b[1] && a[2] === b[2] && a[3] === b[3];
}

function wordMask(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? 0xffffffff : (0xffffffff << (32 - bits)) >>> 0;
}

function cidrError(input: string, why: string, remedy: string): PaudeError {
  return new PaudeError('cidr-invalid', { action: 'read the address range', input, why, remedy });
}
