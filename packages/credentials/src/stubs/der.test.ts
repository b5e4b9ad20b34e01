import { describe, expect, it } from 'vitest';
import { DER, der, derOid } from './der.ts';

describe('der()', () => {
  it.each([
    [0, '0400'],
    [127, '047f'],
    [128, '048180'],
    [255, '0481ff'],
    [256, '04820100'],
    [65_536, '0483010000'],
  ])('writes the length %i in its shortest form', (length, head) => {
    const value = der(DER.octets, new Uint8Array(length));
    expect(value.subarray(0, value.length - length).toString('hex')).toBe(head);
  });

  it('puts contents one behind the other', () => {
    expect(der(DER.sequence, Buffer.from([1]), Buffer.from([2, 3])).toString('hex')).toBe('3003010203');
  });
});

describe('derOid()', () => {
  it.each([
    ['1.2.840.113549.1.7.1', '06092a864886f70d010701'],
    ['2.5.29.37.0', '0604551d2500'],
    ['2.16.840.1.113894.746875.1.1', '060c6086480186f966adca7b0101'],
  ])('writes %s', (text, hex) => {
    expect(derOid(text).toString('hex')).toBe(hex);
  });
});
