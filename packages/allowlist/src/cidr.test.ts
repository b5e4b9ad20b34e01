import { describe, expect, it } from 'vitest';
import { cidrCovers, cidrHas, parseAddress, parseCidr } from './index.ts';

describe('parseCidr()', () => {
  it.each([
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['192.0.2.7', '192.0.2.7/32'],
    ['192.0.2.7/32', '192.0.2.7/32'],
    ['[2001:DB8::]/32', '2001:db8::/32'],
    ['2001:db8::/32', '2001:db8::/32'],
    ['::1', '::1/128'],
    ['[::1]', '::1/128'],
    ['::/0', '::/0'],
    ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
    ['::ffff:0:0/96', '0.0.0.0/0'],
    ['2001:db8:0:8000::/49', '2001:db8:0:8000::/49'],
  ])('reads %s as %s', (input, text) => {
    expect(parseCidr(input).text).toBe(text);
    expect(parseCidr(text)).toEqual(parseCidr(input));
  });

  it.each([
    ['10.0.0.1/8', 'Write 10.0.0.0/8 for the range, or 10.0.0.1/32 for the one address'],
    ['2001:db8::1/64', 'Write 2001:db8::/64 for the range, or 2001:db8::1/128 for the one address'],
    ['10.0.0.0/33', 'from 0 to 32'],
    ['::/129', 'from 0 to 128'],
    ['10.0.0.0/', 'prefix length'],
    ['10.0.0.0/08', 'prefix length'],
    ['10.0.0.0/-1', 'prefix length'],
    ['10.0.0.0/8/8', 'prefix length'],
    ['010.0.0.0/8', 'not an IP address'],
    ['10/8', 'not an IP address'],
    ['[10.0.0.0]/8', 'not an IP address'],
    ['example.com/8', 'not an IP address'],
    ['', 'not an IP address'],
  ])('refuses %j: %s', (input, message) => {
    expect(() => parseCidr(input)).toThrow(expect.objectContaining({ code: 'cidr-invalid' }));
    expect(() => parseCidr(input)).toThrow(message);
  });
});

describe('cidrHas() and cidrCovers()', () => {
  it.each([
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['0.0.0.0/0', '255.255.255.255', true],
    ['0.0.0.0/0', '::', false],
    ['::/0', '1.2.3.4', false],
    ['128.0.0.0/1', '200.0.0.1', true],
    ['2001:db8::/33', '2001:db8:7fff::1', true],
    ['2001:db8::/33', '2001:db8:8000::1', false],
    ['2001:db8::1/128', '2001:db8::1', true],
    ['2001:db8::1/128', '2001:db8::2', false],
  ])('%s and %s: %s', (range, text, expected) => {
    const address = parseAddress(text);
    expect(address !== undefined && cidrHas(parseCidr(range), address)).toBe(expected);
    expect(cidrCovers(parseCidr(range), parseCidr(text))).toBe(expected);
  });

  it('a narrower range does not cover a wider one', () => {
    expect(cidrCovers(parseCidr('10.0.0.0/9'), parseCidr('10.0.0.0/8'))).toBe(false);
  });
});
