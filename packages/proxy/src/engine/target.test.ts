import { parseHost } from '@paude/allowlist';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatAuthority, parseAuthority, parseHttpTarget } from './target.ts';

/** `host port`, or the fault's reason and why. */
function authority(text: string, defaultPort?: number): string {
  const target = parseAuthority(text, defaultPort);
  return 'reason' in target ? `${target.reason}: ${target.why}` : `${target.host} ${target.port}`;
}

function url(text: string, method = 'GET'): string {
  const target = parseHttpTarget(text, method);
  return 'reason' in target
    ? `${target.reason}: ${target.why}`
    : `${target.host} ${target.port} ${target.path}`;
}

const badPort = 'bad-target: the port is not a number from 1 to 65535';

describe('parseAuthority()', () => {
  it.each([
    ['a.test:443', 'a.test 443'],
    ['A.Test.:443', 'a.test 443'],
    ['a.test:1', 'a.test 1'],
    ['a.test:65535', 'a.test 65535'],
    ['xn--bcher-kva.test:443', 'xn--bcher-kva.test 443'],
    ['192.0.2.7:80', '192.0.2.7 80'],
    ['192.0.2.7.:80', '192.0.2.7 80'],
    ['[2001:DB8::1]:443', '2001:db8::1 443'],
    ['[::ffff:192.0.2.7]:443', '192.0.2.7 443'],
    ['[0:0:0:0:0:0:0:1]:80', '::1 80'],
  ])('reads %s as %s', (text, expected) => {
    expect(authority(text)).toBe(expected);
  });

  it.each([
    ['a.test', 'bad-target: it names no port'],
    ['', 'bad-target: it names no port'],
    ['[2001:db8::1]', 'bad-target: it names no port'],
    [':443', 'bad-target: it is empty'],
    ['.:443', 'bad-target: it is empty'],
    ['a.test:', badPort],
    ['a.test:0', badPort],
    ['a.test:00443', badPort],
    ['a.test:0443', badPort],
    ['a.test:65536', badPort],
    ['a.test:443443', badPort],
    ['a.test:99999999999999999999', badPort],
    ['a.test:+443', badPort],
    ['a.test:-443', badPort],
    ['a.test:443 ', badPort],
    ['a.test: 443', badPort],
    ['a.test:4e2', badPort],
    ['a.test:0x1bb', badPort],
    ['a.test:443/', badPort],
    ['a.test:443?', badPort],
    ['a.test:443#', badPort],
    ['a.test:443/../x', badPort],
    ['a.test:443:443', badPort],
    ['a.test:443@evil.test:443', badPort],
    ['a.test:443\0', badPort],
    ['a.test:٤٤٣', badPort],
    ['a.test:https', badPort],
    ['2001:db8::1:443', badPort],
    ['user@a.test:443', 'bad-target: it holds an @ sign'],
    ['a.test%2eevil.test:443', 'bad-target: it holds a percent sign'],
    ['a.test%00:443', 'bad-target: it holds a percent sign'],
    ['a.test\0.evil.test:443', 'bad-target: it holds a control character'],
    ['a.test/:443', 'bad-target: it holds a slash'],
    ['a.test\\:443', 'bad-target: it holds a slash'],
    ['*.test:443', 'bad-target: it holds a wildcard'],
    ['a..test:443', 'bad-target: it has an empty label'],
    ['.a.test:443', 'bad-target: it has an empty label'],
    ['a.test..:443', 'bad-target: it has an empty label'],
    ['-a.test:443', 'bad-target: one of its labels starts or ends with a hyphen'],
    ['a,b.test:443', 'bad-target: it holds a character that host names do not have'],
    ['2130706433:443', 'bad-target: it ends in a number but is not a dotted decimal'],
    ['127.1:443', 'bad-target: it ends in a number but is not a dotted decimal'],
    ['0x7f.0.0.1:443', 'bad-target: it ends in a number but is not a dotted decimal'],
    ['0177.0.0.1:443', 'bad-target: it ends in a number but is not a dotted decimal'],
    ['127.0.0.1.1:443', 'bad-target: it ends in a number but is not a dotted decimal'],
    ['0x7f000001:443', 'bad-target: it ends in a number but is not a dotted decimal'],
    ['[::1', 'bad-target: the bracket of the IPv6 address is not closed'],
    ['[::1]x:443', 'bad-target: something stands behind the IPv6 address'],
    ['[::1].:443', 'bad-target: something stands behind the IPv6 address'],
    ['[::1]443', 'bad-target: something stands behind the IPv6 address'],
    ['[]:443', 'bad-target: what is in brackets is no IPv6 address'],
    ['[a.test]:443', 'bad-target: what is in brackets is no IPv6 address'],
    ['[127.0.0.1]:443', 'bad-target: what is in brackets is no IPv6 address'],
    ['[[::1]]:443', 'bad-target: something stands behind the IPv6 address'],
    ['[::1%25eth0]:443', 'bad-target: it names a network interface (a zone id)'],
    ['[fe80::1%eth0]:443', 'bad-target: it names a network interface (a zone id)'],
    ['[::1::]:443', 'bad-target: it is not an IPv6 address'],
    ['[::ffff:127.1]:443', 'bad-target: it is not an IPv6 address'],
    ['[::ffff:0127.0.0.1]:443', 'bad-target: it is not an IPv6 address'],
    [`${'a'.repeat(64)}.test:443`, 'bad-target: one of its labels is longer'],
    [`${'a.'.repeat(127)}test:443`, 'bad-target: it is longer than 253'],
    ['https://a.test:443', badPort],
    ['b\xfccher.test:443', 'bad-target: it has a character that is not ASCII'],
    ['b\xc3\xbccher.test:443', 'bad-target: it'],
    ['\xaa.test:443', 'bad-target: it has a character that is not ASCII'],
    ['a\u3002test:443', 'bad-target: it has a character that is not ASCII'],
    ['ａ.test:443', 'bad-target: it has a character that is not ASCII'],
  ])('refuses %j: %s', (text, expected) => {
    expect(authority(text)).toContain(expected);
  });

  it('takes the default port only where there is one and no other is written', () => {
    expect(authority('a.test', 80)).toBe('a.test 80');
    expect(authority('[::1]', 80)).toBe('::1 80');
    expect(authority('a.test:81', 80)).toBe('a.test 81');
    expect(authority('a.test:', 80)).toBe(badPort);
  });

  it('keeps the text as it came in the fault', () => {
    expect(parseAuthority('A..B:1')).toMatchObject({ text: 'A..B:1' });
  });
});

describe('parseHttpTarget()', () => {
  it.each([
    ['http://a.test', 'a.test 80 /'],
    ['http://a.test/', 'a.test 80 /'],
    ['HTTP://A.test./x', 'a.test 80 /x'],
    ['http://a.test:8080/x?y=http://b.test/#'.slice(0, -1), 'a.test 8080 /x?y=http://b.test/'],
    ['http://a.test?x', 'a.test 80 /?x'],
    ['http://a.test//b.test/..', 'a.test 80 //b.test/..'],
    ['http://a.test/%00%2f@b.test', 'a.test 80 /%00%2f@b.test'],
    ['http://[2001:db8::1]/', '2001:db8::1 80 /'],
    ['http://[2001:db8::1]:81?', '2001:db8::1 81 /?'],
  ])('reads %s as %s', (text, expected) => {
    expect(url(text)).toBe(expected);
  });

  it('reads an OPTIONS without a path as one for the whole server (RFC 9112 §3.2.4)', () => {
    expect(url('http://a.test', 'OPTIONS')).toBe('a.test 80 *');
    expect(url('http://a.test/', 'OPTIONS')).toBe('a.test 80 /');
  });

  it.each([
    ['/', 'not-a-proxy-request: it names no host'],
    ['//a.test/', 'not-a-proxy-request: it names no host'],
    ['*', 'not-a-proxy-request: it names no host'],
    ['https://a.test/', 'scheme-not-supported: the scheme is https'],
    ['ftp://a.test/', 'scheme-not-supported: the scheme is ftp'],
    ['file:///etc/passwd', 'scheme-not-supported: the scheme is file'],
    ['ws://a.test/', 'scheme-not-supported: the scheme is ws'],
    ['a.test/', 'bad-target: it is no absolute URL'],
    ['a.test:80', 'bad-target: it is no absolute URL'],
    ['http:/a.test/', 'bad-target: it is no absolute URL'],
    ['http:a.test', 'bad-target: it is no absolute URL'],
    ['http:\\\\a.test\\', 'bad-target: it is no absolute URL'],
    ['', 'bad-target: it is no absolute URL'],
    [' http://a.test/', 'bad-target: it is no absolute URL'],
    ['http://', 'bad-target: it is empty'],
    ['http:///a.test', 'bad-target: it is empty'],
    ['http://?a.test', 'bad-target: it is empty'],
    ['http://:80/', 'bad-target: it is empty'],
    ['http://user:pw@a.test/', badPort],
    ['http://user@a.test/', 'bad-target: it holds an @ sign'],
    ['http://a.test:80@b.test/', badPort],
    ['http://a.test:80:81/', badPort],
    ['http://a.test#@b.test/', 'bad-target: it has a fragment or a backslash'],
    ['http://a.test\\@b.test/', 'bad-target: it has a fragment or a backslash'],
    ['http://a.test/x#y', 'bad-target: it has a fragment or a backslash'],
    ['http://a.test/x y', 'bad-target: it has a character that must be percent-encoded'],
    ['http://a.test/\xfc', 'bad-target: it has a character that must be percent-encoded'],
    ['http://b\xfccher.test/', 'bad-target: it has a character that must be percent-encoded'],
    ['http://a.test/\0', 'bad-target: it has a character that must be percent-encoded'],
    ['http://a.test/\x7f', 'bad-target: it has a character that must be percent-encoded'],
    ['http://a%2etest/', 'bad-target: it holds a percent sign'],
    ['http://[::1%25lo]/', 'bad-target: it names a network interface'],
    ['http://127.1/', 'bad-target: it ends in a number'],
  ])('refuses %j: %s', (text, expected) => {
    expect(url(text)).toContain(expected);
    expect(parseHttpTarget(text, 'GET')).toMatchObject({ text });
  });
});

describe('targets on anything', () => {
  const label = fc.stringMatching(/^[a-z][a-z0-9]{0,10}$/);
  const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
  const host = fc.oneof(name, fc.ipV4(), fc.ipV6()).map(parseHost);
  const port = fc.integer({ min: 1, max: 65_535 });
  const text = fc.string({
    unit: fc.constantFrom(...'ab.:0189[]@%/\\-_ xn#?\0\r\n*'),
    maxLength: 20,
  });

  it('formatAuthority() is read back as the same host and port', () => {
    fc.assert(
      fc.property(host, port, (host, port) => {
        expect(parseAuthority(formatAuthority(host, port))).toEqual({ host, port });
        expect(parseHttpTarget(`http://${formatAuthority(host, port)}/x`, 'GET')).toEqual({
          host,
          port,
          path: '/x',
        });
      }),
    );
  });

  it('parseAuthority() never throws, and what it reads formats to something that it reads alike', () => {
    fc.assert(
      fc.property(text, fc.option(port, { nil: undefined }), (text, defaultPort) => {
        const target = parseAuthority(text, defaultPort);
        if ('reason' in target) return;
        expect(parseAuthority(formatAuthority(target.host, target.port))).toEqual(target);
        expect(text).not.toMatch(/[@%/\\\s\0#?*]/);
      }),
      { numRuns: 3000 },
    );
  });

  it('parseHttpTarget() agrees with the WHATWG parser wherever both read a host', () => {
    fc.assert(
      fc.property(text, text, (authority, rest) => {
        const target = parseHttpTarget(`http://${authority}/${rest}`, 'GET');
        if ('reason' in target) return;
        const { hostname, port } = new URL(`http://${authority}/`);
        // The WHATWG parser keeps a trailing dot, and IPv4-mapped addresses in IPv6 form.
        expect(parseHost(hostname)).toBe(target.host);
        expect(Number(port || 80)).toBe(target.port);
      }),
      { numRuns: 3000 },
    );
  });
});
