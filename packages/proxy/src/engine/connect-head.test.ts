import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HeadReading, readConnectHead } from './connect-head.ts';

const MAX_BYTES = 16_384;
const read = (text: string, maxBytes = MAX_BYTES): HeadReading =>
  readConnectHead(Buffer.from(text, 'latin1'), maxBytes);

/** A CONNECT with these lines behind its first, all ended by CRLF. */
const head = (...lines: readonly string[]): string =>
  ['CONNECT a.test:443 HTTP/1.1', ...lines, '', ''].join('\r\n');

describe('readConnectHead()', () => {
  it('reads the authority as it came, the two fields it needs, and where the head ends', () => {
    const text = head('Host: a.test:443', 'proxy-AUTHORIZATION:  Basic eA== ', 'Accept:\ttext/plain');
    expect(read(`${text}\x16\x03`)).toEqual({
      kind: 'connect',
      head: {
        authority: 'a.test:443',
        proxyAuthorization: 'Basic eA==',
        accept: 'text/plain',
        end: text.length,
      },
    });
  });

  it.each([
    ['HTTP/1.0 without a Host', 'CONNECT a.test:443 HTTP/1.0\r\n\r\n'],
    ['two other fields of one name', head('Host: a', 'X-A: 1', 'X-A: 2')],
    ['an empty value', head('Host:', 'X-A:')],
    ['more than one space between the parts', 'CONNECT   a.test:443  HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a Host other than the authority: the authority counts', head('Host: b.test')],
    ['a Content-Length of 0', head('Host: a', 'Content-Length: 0')],
    ['tabs in a value', head('Host: a', 'X-A: \t1\t2')],
    ['bytes above ASCII in a value', head('Host: a', 'X-A: \xfc')],
    ['every character of a token in a name', head('Host: a', "!#$%&'*+-.^_`|~09azAZ: 1")],
    ['100 fields', head('Host: a', ...Array.from({ length: 99 }, (_, index) => `X-${index}: 1`))],
  ])('takes %s', (_what, text) => {
    expect(read(text)).toMatchObject({ kind: 'connect', head: { authority: 'a.test:443' } });
  });

  it.each([
    ['no version', 'CONNECT a.test:443\r\nHost: a\r\n\r\n', 'the request line has no version'],
    ['no version but one in a field', 'CONNECT a.test:443\r\nHost: a HTTP/1.1\r\n\r\n', 'no version'],
    ['no authority', 'CONNECT  HTTP/1.1\r\nHost: a\r\n\r\n', 'no version'],
    ['a bare LF in the authority', 'CONNECT a.test:443\nX HTTP/1.1\r\nHost: a\r\n\r\n', 'LF alone'],
    ['a third part', 'CONNECT a.test:443 b.test:443 HTTP/1.1\r\nHost: a\r\n\r\n', 'the version is not'],
    ['a space at the end', 'CONNECT a.test:443 HTTP/1.1 \r\nHost: a\r\n\r\n', 'the version is not'],
    ['HTTP/2.0', 'CONNECT a.test:443 HTTP/2.0\r\nHost: a\r\n\r\n', 'the version is not'],
    ['HTTP/1.2', 'CONNECT a.test:443 HTTP/1.2\r\nHost: a\r\n\r\n', 'the version is not'],
    ['HTTP/0.9', 'CONNECT a.test:443 HTTP/0.9\r\nHost: a\r\n\r\n', 'the version is not'],
    ['http in small letters', 'CONNECT a.test:443 http/1.1\r\nHost: a\r\n\r\n', 'the version is not'],
    ['a tab before the version', 'CONNECT a.test:443\tHTTP/1.1\r\nHost: a\r\n\r\n', 'no version'],
    ['no Host in HTTP/1.1', head('X-A: 1'), 'Host is missing'],
    ['no field at all', head(), 'Host is missing'],
    ['two Hosts', head('Host: a', 'Host: a'), 'Host stands twice'],
    [
      'two Hosts in HTTP/1.0',
      'CONNECT a.test:443 HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n',
      'Host stands twice',
    ],
    ['two credentials', head('Host: a', 'Proxy-Authorization: x', 'Proxy-Authorization: x'), 'stands twice'],
    ['a space before the colon', head('Host : a'), 'no valid name'],
    ['a folded line', head('Host: a', ' b'), 'no valid name'],
    ['a folded line with a tab', head('Host: a', '\tb'), 'no valid name'],
    ['a space in front of the first field', head(' Host: a'), 'no valid name'],
    ['a line without a colon', head('Host: a', 'X-A'), 'no valid name'],
    ['an empty name', head('Host: a', ': 1'), 'no valid name'],
    ['a quote in a name', head('Host: a', 'X"A: 1'), 'no valid name'],
    ['a NUL in a name', head('Host: a', 'X\0A: 1'), 'no valid name'],
    ['a NUL in a value', head('Host: a', 'X-A: 1\x002'), 'a control character'],
    ['a DEL in a value', head('Host: a', 'X-A: \x7f'), 'a control character'],
    ['a bare CR in a value', head('Host: a', 'X-A: 1\r2'), 'a control character'],
    ['a bare LF in a value', head('Host: a', 'X-A: 1\nX-B: 2'), 'a control character'],
    ['a bare LF behind the first line', 'CONNECT a.test:443 HTTP/1.1\nHost: a\r\n\r\n', 'the version is not'],
    ['CR CR LF', head('Host: a\r'), 'a control character'],
    ['a Content-Length', head('Host: a', 'Content-Length: 5'), 'a CONNECT has no body'],
    ['two Content-Lengths', head('Host: a', 'Content-Length: 0', 'Content-Length: 0'), 'stands twice'],
    ['a no-break space behind a length', head('Host: a', 'Content-Length: 0\xa0'), 'a CONNECT has no body'],
    ['a Content-Length of 00', head('Host: a', 'Content-Length: 00'), 'a CONNECT has no body'],
    ['a Transfer-Encoding', head('Host: a', 'Transfer-Encoding: chunked'), 'a CONNECT has no body'],
    ['a Transfer-Encoding without a value', head('Host: a', 'transfer-encoding:'), 'a CONNECT has no body'],
  ])('refuses %s', (_what, text, why) => {
    const reading = read(text);
    expect(reading).toMatchObject({ kind: 'bad', reason: 'bad-request' });
    expect(reading.kind === 'bad' && reading.why).toContain(why);
  });

  it('refuses a head of LFs alone before it is whole', () => {
    expect(read('CONNECT a.test:443 HTTP/1.1\n')).toEqual({
      kind: 'bad',
      reason: 'bad-request',
      why: 'a line ends in LF alone',
    });
  });

  it.each([
    [
      '101 fields',
      head('Host: a', ...Array.from({ length: 100 }, (_, index) => `X-${index}: 1`)),
      'too many',
    ],
    ['a whole head over the limit', head('Host: a', `X-A: ${'a'.repeat(MAX_BYTES)}`), 'the head is too long'],
    ['an endless line', `CONNECT ${'a'.repeat(MAX_BYTES)}`, 'the head is too long'],
  ])('refuses %s as too large', (_what, text, why) => {
    const reading = read(text);
    expect(reading).toMatchObject({ kind: 'bad', reason: 'headers-too-large' });
    expect(reading.kind === 'bad' && reading.why).toContain(why);
  });

  it('counts the head alone against its limit, not what follows it', () => {
    const text = head('Host: a');
    expect(read(text + 'x'.repeat(100), text.length).kind).toBe('connect');
    expect(read(text, text.length - 4).kind).toBe('connect');
    expect(read(text, text.length - 5).kind).toBe('bad');
  });

  it.each([
    'GET http://a.test/ HTTP/1.1\r\n',
    'connect a:443 HTTP/1.1\r\n\r\n',
    '\r\nCONNECT a',
    'CONNECTX',
    '\x16\x03',
  ])('leaves %j to the HTTP server', (text) => {
    expect(read(text)).toEqual({ kind: 'other' });
  });

  it.each(['', 'C', 'CONNECT', 'CONNECT ', 'CONNECT a.test:443 HTTP/1.1\r\nHost: a\r\n'])(
    'waits for more behind %j',
    (text) => {
      expect(read(text)).toEqual({ kind: 'partial' });
    },
  );
});

describe('readConnectHead() on anything', () => {
  const piece = fc.constantFrom(
    'CONNECT ',
    'a.test:443',
    ' HTTP/1.1',
    '\r\n',
    '\r\n\r\n',
    'Host: a',
    'X-A: 1',
    ' ',
    '\n',
    '\r',
    '\0',
    ':',
    'Content-Length: 0',
  );
  const text = fc
    .array(piece, { maxLength: 14 })
    .map((pieces) => `CONNECT a.test:443 HTTP/1.1\r\n${pieces.join('')}`);

  it('never throws, and never calls a head whole that has a stray CR, LF or NUL in it', () => {
    fc.assert(
      fc.property(text, (bytes) => {
        const reading = read(bytes);
        if (reading.kind !== 'connect') return;
        const whole = bytes.slice(0, reading.head.end);
        expect(whole.endsWith('\r\n\r\n')).toBe(true);
        expect(whole.replaceAll('\r\n', '')).not.toMatch(/[\r\n\0]/);
      }),
      { numRuns: 2000 },
    );
  });

  it('answers the same for every prefix that holds the head, and is partial or bad for every shorter one', () => {
    fc.assert(
      fc.property(text, fc.nat(400), (bytes, length) => {
        const whole = read(bytes);
        if (whole.kind !== 'connect') return;
        const { end } = whole.head;
        if (length >= end) expect(read(bytes.slice(0, length))).toEqual(whole);
        else expect(read(bytes.slice(0, length)).kind).toBe('partial');
      }),
      { numRuns: 2000 },
    );
  });
});
