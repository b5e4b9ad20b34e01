import { isIP, isIPv4, isIPv6 } from 'node:net';
import { PaudeError } from '@paude/errors';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hostKind, parseHost, tryParseHost } from './index.ts';

const fault = (input: string): string => {
  const host = tryParseHost(input);
  return typeof host === 'string' ? `host ${host}` : host.code;
};

describe('parseHost()', () => {
  it.each([
    ['example.com', 'example.com', 'name'],
    ['Example.COM', 'example.com', 'name'],
    ['example.com.', 'example.com', 'name'],
    ['localhost', 'localhost', 'name'],
    ['_dmarc.example.com', '_dmarc.example.com', 'name'],
    ['r3---sn-abc.example.com', 'r3---sn-abc.example.com', 'name'],
    ['1.2.3.4.example.com', '1.2.3.4.example.com', 'name'],
    ['3com.com', '3com.com', 'name'],
    ['x.4chan', 'x.4chan', 'name'],
    ['0xg.0xyz', '0xg.0xyz', 'name'],
    ['bücher.example', 'xn--bcher-kva.example', 'name'],
    ['BÜCHER.example', 'xn--bcher-kva.example', 'name'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example', 'name'],
    ['XN--BCHER-KVA.example', 'xn--bcher-kva.example', 'name'],
    ['faß.example', 'xn--fa-hia.example', 'name'],
    ['_x.bücher.example', '_x.xn--bcher-kva.example', 'name'],
    ['ｅｘａｍｐｌｅ．ｃｏｍ', 'example.com', 'name'],
    ['example。com', 'example.com', 'name'],
    ['example。com。', 'example.com', 'name'],
    ['\u212aube.example', 'kube.example', 'name'],
    ['192.0.2.7', '192.0.2.7', 'ipv4'],
    ['192.0.2.7.', '192.0.2.7', 'ipv4'],
    ['１９２.0.2.7', '192.0.2.7', 'ipv4'],
    ['255.255.255.255', '255.255.255.255', 'ipv4'],
    ['::', '::', 'ipv6'],
    ['[::1]', '::1', 'ipv6'],
    ['::1', '::1', 'ipv6'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1', 'ipv6'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1', 'ipv6'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1', 'ipv6'],
    ['64:ff9b::192.0.2.7', '64:ff9b::c000:207', 'ipv6'],
    ['[::ffff:192.0.2.7]', '192.0.2.7', 'ipv4'],
    ['::ffff:c000:207', '192.0.2.7', 'ipv4'],
    ['0:0:0:0:0:ffff:7f00:1', '127.0.0.1', 'ipv4'],
  ])('reads %s as %s, a host of kind %s', (input, host, kind) => {
    expect(parseHost(input)).toBe(host);
    expect(hostKind(parseHost(input))).toBe(kind);
  });

  it.each([
    ['', 'host-empty'],
    ['.', 'host-empty'],
    ['..', 'label-empty'],
    ['example.com..', 'label-empty'],
    ['a..b', 'label-empty'],
    ['.example.com', 'label-empty'],
    ['example。。com', 'label-empty'],
    ['-a.com', 'label-hyphen'],
    ['a-.com', 'label-hyphen'],
    ['a.com-', 'label-hyphen'],
    [`${'a'.repeat(64)}.com`, 'label-too-long'],
    [`${'a.'.repeat(126)}ab`, 'host-too-long'],
    ['x'.repeat(100000), 'host-too-long'],
    ['a b.com', 'space'],
    ['a\u0000.com', 'control-character'],
    ['a\r\nHost: b', 'colon'],
    ['a\r\nb', 'control-character'],
    ['a\u007f.com', 'control-character'],
    ['a%2ecom', 'percent-encoding'],
    ['user@example.com', 'userinfo'],
    ['example.com/path', 'path'],
    ['example.com\\path', 'path'],
    ['example.com:443', 'colon'],
    ['https://example.com', 'colon'],
    ['*.example.com', 'wildcard'],
    ['a?.com', 'wildcard'],
    ['a,b.com', 'character'],
    ['a;b.com', 'character'],
    ['a＠b.com', 'userinfo'],
    ['a／b.com', 'path'],
    ['a％2e.com', 'percent-encoding'],
    ['example.com：443', 'colon'],
    ['［::1］', 'colon'],
    ['a\u200b.com', 'invisible-character'],
    ['exam\u00adple.com', 'invisible-character'],
    ['a\u202ecom.com', 'invisible-character'],
    ['\ud800.com', 'idna-invalid'],
    ['xn--.com', 'idna-invalid'],
    ['xn--a.com', 'idna-invalid'],
    ['xn--example-.com', 'idna-invalid'],
    ['xn--zzzzzz99999999.com', 'idna-invalid'],
    ['xn--_bcher-kva.com', 'idna-invalid'],
    ['xn--bcher-kva\u00fc.com', 'idna-invalid'],
    ['a\u0300\u05d0.com', 'idna-invalid'],
    ['2130706433', 'ambiguous-address'],
    ['127.1', 'ambiguous-address'],
    ['0177.0.0.1', 'ambiguous-address'],
    ['0x7f.0.0.1', 'ambiguous-address'],
    ['0x7f000001', 'ambiguous-address'],
    ['127.0.0.0x1', 'ambiguous-address'],
    ['1.2.3.4.5', 'ambiguous-address'],
    ['256.1.1.1', 'ambiguous-address'],
    ['1.2.3.04', 'ambiguous-address'],
    ['foo.0x1', 'ambiguous-address'],
    ['foo.0x', 'ambiguous-address'],
    ['foo.0X1', 'ambiguous-address'],
    ['foo.1', 'ambiguous-address'],
    ['foo.１', 'ambiguous-address'],
    ['1.2.3.٤', 'idna-invalid'],
    ['fe80::1%eth0', 'zone-id'],
    ['[fe80::1%25eth0]', 'zone-id'],
    ['[1.2.3.4]', 'ipv6-invalid'],
    ['[::1', 'ipv6-invalid'],
    ['::1]', 'colon'],
    ['[]', 'ipv6-invalid'],
    ['[example.com]', 'ipv6-invalid'],
    [':::', 'ipv6-invalid'],
    ['1::2::3', 'ipv6-invalid'],
    ['1:2:3:4:5:6:7', 'ipv6-invalid'],
    ['1:2:3:4:5:6:7:8:9', 'ipv6-invalid'],
    ['1:2:3:4:5:6:7:8::', 'ipv6-invalid'],
    ['12345::', 'ipv6-invalid'],
    ['::ffff:1.2.3', 'ipv6-invalid'],
    ['::ffff:01.2.3.4', 'ipv6-invalid'],
    ['[::1].', 'ipv6-invalid'],
  ])('refuses %j as %s', (input, code) => {
    expect(fault(input)).toBe(code);
  });

  it('throws what tryParseHost() returns', () => {
    expect(() => parseHost('127.1')).toThrow(
      expect.objectContaining({
        code: 'host-invalid',
        cause: expect.objectContaining({ code: 'ambiguous-address' }),
      }),
    );
    expect(() => parseHost('a b')).toThrow('Cannot read the host "a b": it holds a space. Remove it.');
  });
});

/** Texts near the grammar: random text alone would never get past the first check. */
const nearHost = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.string({ unit: fc.constantFrom(...'aZ09-_.:[]%x@/*。．１ａüßאَ\u200d\u00ad\u0000 '), maxLength: 40 }),
  fc.domain(),
  fc.ipV4Extended(),
  fc.ipV6(),
  fc.tuple(fc.domain(), fc.constantFrom('.', '..', ':443', '%00', ' ')).map(([name, tail]) => name + tail),
);

describe('tryParseHost() on anything', () => {
  it('never throws, and what it accepts is canonical', () => {
    fc.assert(
      fc.property(nearHost, (input) => {
        const host = tryParseHost(input);
        if (typeof host !== 'string') {
          expect(host.why).not.toBe('');
          return;
        }
        expect(tryParseHost(host)).toBe(host);
        expect(host).toMatch(/^[\da-z_.:-]+$/);
        expect(host.length).toBeLessThanOrEqual(253);
        expect(hostKind(host)).toBe(['name', '', '', '', 'ipv4', '', 'ipv6'][isIP(host)]);
      }),
      { numRuns: 3000 },
    );
  });

  it('agrees with the platform on what an IPv6 address is', () => {
    const nearIpv6 = fc.oneof(
      fc.ipV6(),
      fc.string({ unit: fc.constantFrom(...'0123456789abcdef:::..'), maxLength: 45 }),
      fc
        .array(fc.constantFrom('0', 'ffff', '', '1', '::', '1.2.3.4', '12345'), { maxLength: 10 })
        .map((parts) => parts.join(':')),
    );
    fc.assert(
      fc.property(nearIpv6, (input) => {
        expect(typeof tryParseHost(`[${input}]`) === 'string').toBe(isIPv6(input));
      }),
      { numRuns: 3000 },
    );
  });

  it('reads as a name nothing that a URL parser takes for an IPv4 address', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.ipV4Extended(),
          fc.domain(),
          fc.string({ unit: fc.constantFrom(...'0123456789abxX.'), minLength: 1, maxLength: 20 }),
        ),
        (input) => {
          const url = `http://${input}/`;
          const seen = URL.canParse(url) ? new URL(url).hostname : '';
          const host = tryParseHost(input);
          if (typeof host === 'string' && hostKind(host) === 'name') expect(isIPv4(seen)).toBe(false);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('lets only PaudeError out of parseHost()', () => {
    fc.assert(
      fc.property(nearHost, (input) => {
        try {
          parseHost(input);
        } catch (error) {
          expect(error).toBeInstanceOf(PaudeError);
        }
      }),
    );
  });
});
