import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectRefused, openPlainLab, type PlainLab, requestTo } from './plain-lab.ts';

let lab: PlainLab;
beforeAll(async () => {
  lab = await openPlainLab();
});
afterAll(async () => {
  expect(lab.origin.requests.some(({ target }) => target.includes('hidden'))).toBe(false);
  await lab[Symbol.asyncDispose]();
});

/** A request that would reach the origin if the proxy and the sender disagreed on where the first one ends. */
const hidden = () => requestTo(lab, [], { path: '/hidden' });
const bad = { status: 400, reason: 'bad-request' };

describe('lengths that can be read in two ways', () => {
  it.each<[string, readonly string[], string]>([
    [
      'Transfer-Encoding, then Content-Length',
      ['Transfer-Encoding: chunked', 'Content-Length: 5'],
      'present with',
    ],
    [
      'Content-Length, then Transfer-Encoding',
      ['Content-Length: 5', 'Transfer-Encoding: chunked'],
      'present with',
    ],
    ['a length of 0 and chunked', ['Content-Length: 0', 'Transfer-Encoding: chunked'], 'present with'],
    ['a length and identity', ['Content-Length: 5', 'Transfer-Encoding: identity'], 'present with'],
    ['a length and a coding nobody knows', ['Content-Length: 5', 'Transfer-Encoding: x'], 'present with'],
    ['fields between the two', ['Content-Length: 5', 'X-A: 1', 'transfer-encoding: chunked'], 'present with'],
    [
      'chunked twice in two fields',
      ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
      'Transfer-Encoding',
    ],
    [
      'chunked, then identity',
      ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'],
      'Transfer-Encoding',
    ],
    ['identity, then chunked', ['Transfer-Encoding: identity', 'Transfer-Encoding: chunked'], 'stands twice'],
    ['chunked, identity in one', ['Transfer-Encoding: chunked, identity'], 'Transfer-Encoding'],
    ['identity, chunked in one', ['Transfer-Encoding: identity, chunked'], 'not chunked alone'],
    ['chunked, chunked in one', ['Transfer-Encoding: chunked, chunked'], 'Transfer-Encoding'],
    ['gzip, chunked', ['Transfer-Encoding: gzip, chunked'], 'not chunked alone'],
    ['gzip', ['Transfer-Encoding: gzip'], 'not chunked alone'],
    ['identity', ['Transfer-Encoding: identity'], 'not chunked alone'],
    ['xchunked', ['Transfer-Encoding: xchunked'], 'not chunked alone'],
    ['chunkedx', ['Transfer-Encoding: chunkedx'], ''],
    ['chunked with a parameter', ['Transfer-Encoding: chunked;q=1'], 'not chunked alone'],
    ['chunked in quotes', ['Transfer-Encoding: "chunked"'], 'not chunked alone'],
    ['chunked with a comma behind it', ['Transfer-Encoding: chunked,'], 'Transfer-Encoding'],
    ['chunked with a comma in front of it', ['Transfer-Encoding: ,chunked'], 'not chunked alone'],
    ['an empty coding', ['Transfer-Encoding:'], 'Transfer-Encoding'],
    ['a vertical tab in front of chunked', ['Transfer-Encoding: \x0bchunked'], 'header value char'],
    ['a form feed behind chunked', ['Transfer-Encoding: chunked\x0c'], 'header value char'],
    ['a NUL behind chunked', ['Transfer-Encoding: chunked\0'], 'header value char'],
    ['a CR inside chunked', ['Transfer-Encoding: chun\rked'], 'LF after header value'],
    ['a no-break space in front of chunked', ['Transfer-Encoding: \xa0chunked'], 'not chunked alone'],
    ['the same length twice', ['Content-Length: 5', 'Content-Length: 5'], 'Content-Length'],
    ['two lengths', ['Content-Length: 5', 'Content-Length: 6'], 'Content-Length'],
    ['two lengths of different case', ['Content-Length: 5', 'CONTENT-LENGTH: 0'], 'Content-Length'],
    ['the same length twice in one', ['Content-Length: 5, 5'], 'Content-Length'],
    ['two lengths in one', ['Content-Length: 5,0'], 'Content-Length'],
    ['a length with a plus', ['Content-Length: +5'], 'Content-Length'],
    ['a negative length', ['Content-Length: -5'], 'Content-Length'],
    ['a length of minus zero', ['Content-Length: -0'], 'Content-Length'],
    ['a hexadecimal length', ['Content-Length: 0x5'], 'Content-Length'],
    ['a length with a space inside', ['Content-Length: 5 5'], 'Content-Length'],
    ['a length with a semicolon', ['Content-Length: 5;'], 'Content-Length'],
    ['a length with a fraction', ['Content-Length: 5.0'], 'Content-Length'],
    ['a length with an exponent', ['Content-Length: 5e0'], 'Content-Length'],
    ['a length with an underscore', ['Content-Length: 1_0'], 'Content-Length'],
    ['a length with a NUL', ['Content-Length: 5\0'], ''],
    ['an empty length', ['Content-Length:'], 'Content-Length'],
    ['a length in quotes', ['Content-Length: "5"'], 'Content-Length'],
    ['a length beyond 2^53', ['Content-Length: 9007199254740993'], 'every reader can hold'],
    ['a length of 2^63', ['Content-Length: 9223372036854775808'], 'every reader can hold'],
    ['a length of 2^64 + 5', ['Content-Length: 18446744073709551621'], 'overflow'],
    ['a length of 400 digits', [`Content-Length: ${'0'.repeat(399)}5`], 'every reader can hold'],
  ])('%s: refused', async (_what, lines, why) => {
    const bytes = requestTo(lab, lines, { method: 'POST', body: `0\r\n\r\n${hidden()}` });
    await expectRefused(lab, bytes, { ...bad, why });
  });

  it('HTTP/1.0 with a transfer coding: refused', async () => {
    const head = `POST ${lab.url}/x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n`;
    await expectRefused(lab, `${head}0\r\n\r\n${hidden()}`, { ...bad, why: 'no transfer coding' });
  });
});

describe('lines that can be read in two ways', () => {
  it.each<[string, readonly string[], string]>([
    ['a space before the colon of Transfer-Encoding', ['Transfer-Encoding : chunked'], 'header field char'],
    ['a tab before the colon of Transfer-Encoding', ['Transfer-Encoding\t: chunked'], 'header token'],
    ['a space before the colon of Content-Length', ['Content-Length : 5'], 'header field char'],
    ['a space before the colon of any field', ['X-A : 1'], 'header token'],
    ['a value on the next line', ['Transfer-Encoding:', ' chunked'], ''],
    ['a folded value', ['X-A: 1', ' 2'], 'whitespace after header value'],
    ['a folded value with a tab', ['X-A: 1', '\t2'], 'whitespace after header value'],
    ['a folded length', ['Content-Length: 5', ' 0'], 'whitespace after header value'],
    ['a field in a fold', ['X-A: 1', ' Transfer-Encoding: chunked'], 'whitespace after header value'],
    ['a bare LF behind a field', ['X-A: 1\nX-B: 2'], 'CR after header value'],
    [
      'a bare LF in front of Transfer-Encoding',
      ['X-A: 1\nTransfer-Encoding: chunked'],
      'CR after header value',
    ],
    ['a bare CR in a value', ['X-A: 1\rX-B: 2'], 'LF after header value'],
    ['two CRs at a line’s end', ['X-A: 1\r'], ''],
    ['a NUL in a name', ['X-A\0: 1'], 'header token'],
    ['a NUL in a value', ['X-A: 1\x002'], 'header value char'],
    ['a DEL in a value', ['X-A: \x7f'], 'header value char'],
    ['a control character in a value', ['X-A: \x01'], 'header value char'],
    ['a line without a colon', ['X-A'], 'header token'],
    ['an empty name', [': 1'], 'header token'],
    ['a space in a name', ['X A: 1'], ''],
    ['a bracket in a name', ['X[A]: 1'], 'header token'],
    ['a byte above ASCII in a name', ['X-\xe9: 1'], 'header token'],
    ['a line that is a request', ['GET /hidden HTTP/1.1'], ''],
  ])('%s: refused', async (_what, lines, why) => {
    await expectRefused(lab, `${requestTo(lab, lines)}${hidden()}`, { ...bad, why });
  });

  it.each<[string, (url: string) => string, string]>([
    ['LF alone at every line', (url) => `GET ${url}/x HTTP/1.1\nHost: a\n\n`, 'CRLF after version'],
    [
      'LF alone behind the first line',
      (url) => `GET ${url}/x HTTP/1.1\nHost: a\r\n\r\n`,
      'CRLF after version',
    ],
    ['LF alone at the end', (url) => `GET ${url}/x HTTP/1.1\r\nHost: a\r\n\n`, 'header field char'],
    ['CR alone at every line', (url) => `GET ${url}/x HTTP/1.1\rHost: a\r\r`, 'CRLF after version'],
    [
      'CR CR LF behind the first line',
      (url) => `GET ${url}/x HTTP/1.1\r\r\nHost: a\r\n\r\n`,
      'CRLF after version',
    ],
    [
      'a space in front of the first field',
      (url) => `GET ${url}/x HTTP/1.1\r\n Host: a\r\n\r\n`,
      'space after start line',
    ],
    ['a space in front of the method', (url) => ` GET ${url}/x HTTP/1.1\r\nHost: a\r\n\r\n`, 'method'],
    ['a tab behind the method', (url) => `GET\t${url}/x HTTP/1.1\r\nHost: a\r\n\r\n`, 'space after method'],
    [
      'a space behind the version',
      (url) => `GET ${url}/x HTTP/1.1 \r\nHost: a\r\n\r\n`,
      'CRLF after version',
    ],
    ['a NUL in front', (url) => `\0GET ${url}/x HTTP/1.1\r\nHost: a\r\n\r\n`, 'method'],
    ['a small method', (url) => `get ${url}/x HTTP/1.1\r\nHost: a\r\n\r\n`, 'method'],
    ['a method nobody knows', (url) => `FOO ${url}/x HTTP/1.1\r\nHost: a\r\n\r\n`, 'method'],
    ['a space in the URL', (url) => `GET ${url}/x y HTTP/1.1\r\nHost: a\r\n\r\n`, ''],
    ['no version', (url) => `GET ${url}/x\r\nHost: a\r\n\r\n`, ''],
    ['HTTP/0.9', (url) => `GET ${url}/x\r\n\r\n`, 'version'],
    ['HTTP/1.2', (url) => `GET ${url}/x HTTP/1.2\r\nHost: a\r\n\r\n`, 'version'],
    ['HTTP/1.10', (url) => `GET ${url}/x HTTP/1.10\r\nHost: a\r\n\r\n`, 'version'],
    ['HTTP/01.1', (url) => `GET ${url}/x HTTP/01.1\r\nHost: a\r\n\r\n`, 'dot'],
    ['HTTP/2.0', (url) => `GET ${url}/x HTTP/2.0\r\nHost: a\r\n\r\n`, 'version'],
    ['HTTP/2', (url) => `GET ${url}/x HTTP/2\r\nHost: a\r\n\r\n`, ''],
    ['HTTP/3.0', (url) => `GET ${url}/x HTTP/3.0\r\nHost: a\r\n\r\n`, 'version'],
    ['http in small letters', (url) => `GET ${url}/x http/1.1\r\nHost: a\r\n\r\n`, ''],
    ['the preface of HTTP/2', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'PRI'],
    ['a TLS hello', () => '\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00', 'method'],
    ['no Host', (url) => `GET ${url}/x HTTP/1.1\r\nX-A: 1\r\n\r\n`, 'host is missing'],
    ['two Hosts', (url) => `GET ${url}/x HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n`, 'host stands twice'],
    [
      'two Hosts in HTTP/1.0',
      (url) => `GET ${url}/x HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n`,
      'host stands twice',
    ],
    [
      'two Proxy-Authorizations',
      (url) => `GET ${url}/x HTTP/1.1\r\nHost: a\r\nProxy-Authorization: a\r\nProxy-Authorization: b\r\n\r\n`,
      'proxy-authorization stands twice',
    ],
  ])('%s: refused', async (_what, bytes, why) => {
    await expectRefused(lab, `${bytes(lab.url)}${hidden()}`, { ...bad, why });
  });
});

describe('what is odd but has one meaning goes on in its plain form', () => {
  const POST = { method: 'POST' };
  it.each<[string, () => string, string]>([
    [
      'chunked in capitals',
      () => requestTo(lab, ['TRANSFER-ENCODING: CHUNKED'], { ...POST, body: '3\r\nabc\r\n0\r\n\r\n' }),
      'abc',
    ],
    [
      'chunked behind a tab',
      () => requestTo(lab, ['Transfer-Encoding:\tchunked '], { ...POST, body: '3\r\nabc\r\n0\r\n\r\n' }),
      'abc',
    ],
    [
      'a length between spaces',
      () => requestTo(lab, ['Content-Length:  3  '], { ...POST, body: 'abc' }),
      'abc',
    ],
    [
      'a length with zeros in front',
      () => requestTo(lab, ['Content-Length: 003'], { ...POST, body: 'abc' }),
      'abc',
    ],
    [
      'another field that only looks like one',
      () => requestTo(lab, ['Transfer_Encoding: chunked', 'Content-Length: 3'], { ...POST, body: 'abc' }),
      'abc',
    ],
    ['empty lines in front', () => `\r\n\r\n${requestTo(lab)}`, ''],
    ['two spaces in the first line', () => requestTo(lab).replace('GET ', 'GET  '), ''],
    ['bytes above ASCII in a value', () => requestTo(lab, ['X-A: \xe9\xff']), ''],
    [
      'a body that is a request',
      () => requestTo(lab, ['Content-Length: 4'], { ...POST, body: 'GET ' }),
      'GET ',
    ],
  ])('%s', async (_what, bytes, body) => {
    const { requests, responses } = await lab.exchange(bytes());
    expect(responses.map(({ status }) => status)).toEqual([200]);
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({ target: '/x', version: 'HTTP/1.1' });
    expect(requests[0]?.body.toString()).toBe(body);
    const lines = requests[0]?.head.raw.split('\r\n') ?? [];
    for (const line of lines.slice(1, -2)) expect(line).toMatch(/^[\w-]+: \S/);
    expect(lines.filter((line) => /^(content-length|transfer-encoding):/i.test(line)).length).toBeLessThan(2);
  });

  it('a request without a body goes on without one, whatever its method', async () => {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PURGE', 'PROPFIND']) {
      const { requests } = await lab.exchange(requestTo(lab, [], { method }));
      expect(requests[0]?.head.raw).not.toMatch(/transfer-encoding|content-length: [^0]/i);
      expect(requests.map((request) => [request.method, request.body.length])).toEqual([[method, 0]]);
    }
  });

  it('what is RTSP by its version goes on as HTTP/1.1 or not at all', async () => {
    const { requests } = await lab.exchange(`GET ${lab.url}/x RTSP/1.0\r\nHost: a\r\n\r\n`);
    expect(requests.map(({ method, target, version }) => `${method} ${target} ${version}`)).toEqual([
      'GET /x HTTP/1.1',
    ]);
  });
});
