import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, within } from '../support/deadline.ts';
import { rawResponse } from '../support/origins.ts';
import { rawConnect } from '../support/raw-client.ts';
import { refusalOf } from './arena.ts';
import { DENIED, expectRefused, openPlainLab, type PlainLab, requestTo } from './plain-lab.ts';

let lab: PlainLab;
beforeAll(async () => {
  lab = await openPlainLab();
});
afterAll(async () => {
  expect(lab.origin.requests.some(({ target }) => target.includes('hidden'))).toBe(false);
  await lab[Symbol.asyncDispose]();
});

const hidden = () => requestTo(lab, [], { path: '/hidden' });
const chunked = (body: string) => requestTo(lab, ['Transfer-Encoding: chunked'], { method: 'POST', body });
const LAST = '0\r\n\r\n';

describe('chunks that can be read in two ways', () => {
  it.each<[string, string, string]>([
    ['a negative size', `-3\r\nabc\r\n${LAST}`, 'chunk size'],
    ['a size with a plus', `+3\r\nabc\r\n${LAST}`, 'chunk size'],
    ['a size with 0x', `0x3\r\nabc\r\n${LAST}`, 'chunk size'],
    ['a size with a space in front', ` 3\r\nabc\r\n${LAST}`, 'chunk size'],
    ['a size with a space behind', `3 \r\nabc\r\n${LAST}`, 'chunk size'],
    ['a size with a tab behind', `3\t\r\nabc\r\n${LAST}`, 'chunk size'],
    ['a size that is no number', `g\r\nabc\r\n${LAST}`, 'chunk size'],
    ['a size with an underscore', `1_0\r\n${'a'.repeat(16)}\r\n${LAST}`, 'chunk size'],
    ['a size with a comma', `3,3\r\nabc\r\n${LAST}`, 'chunk size'],
    ['no size', `\r\nabc\r\n${LAST}`, 'chunk size'],
    ['a size beyond 2^64', `10000000000000003\r\nabc\r\n${LAST}`, 'overflow'],
    ['a size of 2^64 + 3', `1${'0'.repeat(15)}3\r\nabc\r\n${LAST}`, 'overflow'],
    ['LF alone behind the size', `3\nabc\r\n${LAST}`, 'chunk size'],
    ['CR alone behind the size', `3\rabc\r\n${LAST}`, 'chunk size'],
    ['LF alone behind the data', `3\r\nabc\n${LAST}`, 'chunk data'],
    ['nothing behind the data', `3\r\nabc${LAST}`, 'chunk data'],
    ['data longer than its size', `3\r\nabcd\r\n${LAST}`, 'chunk data'],
    ['LF alone behind the last chunk', '3\r\nabc\r\n0\n\n', 'chunk size'],
    ['LF alone behind the last line', '3\r\nabc\r\n0\r\n\n', 'header field char'],
    ['an extension that ends in LF', `3;a\nabc\r\n${LAST}`, 'chunk extension'],
    ['an extension with a CR', `3;a\rb\r\nabc\r\n${LAST}`, 'chunk'],
    ['an extension with a NUL', `3;a\0\r\nabc\r\n${LAST}`, 'chunk extension'],
    ['an extension with a line end in quotes', `3;a="\r\n${LAST}`, 'chunk extension'],
    ['an extension with an LF in quotes', `3;a="\n"\r\nabc\r\n${LAST}`, 'chunk extension'],
    ['extensions without end', `3;${'a'.repeat(20_000)}\r\nabc\r\n${LAST}`, 'extensions overflow'],
    ['a trailer with a space before its colon', '3\r\nabc\r\n0\r\nX-A : 1\r\n\r\n', 'header token'],
    ['a trailer that ends in LF', '3\r\nabc\r\n0\r\nX-A: 1\n\r\n', 'CR after header value'],
    ['a folded trailer', '3\r\nabc\r\n0\r\nX-A: 1\r\n 2\r\n\r\n', 'whitespace after header value'],
    ['Content-Length as a trailer', '3\r\nabc\r\n0\r\nContent-Length: 50\r\n\r\n', 'present with'],
    [
      'Transfer-Encoding as a trailer',
      '3\r\nabc\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n',
      'Transfer-Encoding',
    ],
  ])('%s: refused, and what follows is no request', async (_what, body, why) => {
    await expectRefused(lab, `${chunked(body)}${hidden()}`, { status: 400, reason: 'bad-request', why });
  });

  it('a chunk that is cut off by a malformed one: the target never gets a whole request', async () => {
    await using connection = await rawConnect(lab.arena.proxy);
    const before = lab.origin.connections.length;
    await connection.send(chunked('3\r\nabc\r\n'));
    const record = await lab.origin.connection(before);
    await eventually('the first chunk', () => record.received.includes('abc'));
    await connection.send(`zz\r\n${hidden()}`);
    const refusal = await refusalOf(lab.arena, await connection.readResponse());
    expect(refusal).toMatchObject({ status: 400, reason: 'bad-request', event: { event: 'close' } });
    await within(record.closed, 'the target to be let go');
    expect(record.received.toString()).not.toContain('0\r\n\r\n');
    expect(lab.origin.requests.some(({ connection }) => connection === before)).toBe(false);
  });

  it('a last chunk that never comes: the target never gets a whole request', async () => {
    await using connection = await rawConnect(lab.arena.proxy);
    const before = lab.origin.connections.length;
    await connection.send(chunked('3\r\nabc\r\n'));
    const record = await lab.origin.connection(before);
    await eventually('the first chunk', () => record.received.includes('abc'));
    connection.end();
    await within(record.closed, 'the target to be let go');
    expect(record.received.toString()).not.toContain('0\r\n\r\n');
  });

  it('a chunk of nearly 2^64 bytes has everything that follows in it', async () => {
    await using connection = await rawConnect(lab.arena.proxy);
    const before = lab.origin.connections.length;
    await connection.send(`${chunked('ffffffffffffffff\r\n')}${hidden()}`);
    const record = await lab.origin.connection(before);
    await eventually('the bytes at the target', () => record.received.includes('/hidden'));
    expect(record.received.toString()).toMatch(/\r\n\r\n[\da-f]+\r\nGET http:/);
    expect(lab.origin.requests.some(({ connection }) => connection === before)).toBe(false);
  });
});

describe('bodies go on as what they are', () => {
  it.each<[string, string, string, string]>([
    ['an extension is dropped', `3;a=b\r\nabc\r\n0;c\r\n\r\n`, 'abc', ''],
    ['an extension in quotes is dropped', `3;a="b;c"\r\nabc\r\n${LAST}`, 'abc', ''],
    ['a size with zeros in front', `00000000000000000003\r\nabc\r\n${LAST}`, 'abc', ''],
    ['a size in capitals', `A\r\n${'a'.repeat(10)}\r\n${LAST}`, 'a'.repeat(10), ''],
    ['data that looks like a last chunk', `5\r\n${LAST}\r\n${LAST}`, LAST, ''],
    ['an empty body', LAST, '', ''],
    ['trailers', '3\r\nabc\r\n0\r\nX-A: 1\r\nDigest: d\r\n\r\n', 'abc', 'X-A: 1\r\nDigest: d\r\n'],
    [
      'trailers that would be headers',
      '3\r\nabc\r\n0\r\nHost: evil.example\r\nAuthorization: x\r\nConnection: x-b\r\nX-A: 1\r\nX-B: 2\r\n\r\n',
      'abc',
      'X-A: 1\r\n',
    ],
    [
      'Proxy-Authorization in trailers',
      '3\r\nabc\r\n0\r\nProxy-Authorization: Basic eDp5\r\n\r\n',
      'abc',
      '',
    ],
  ])('%s', async (_what, sent, body, trailers) => {
    const { requests, responses } = await lab.exchange(chunked(sent));
    expect(responses.map(({ status }) => status)).toEqual([200]);
    expect(requests.map((request) => request.body.toString())).toEqual([body]);
    expect(requests[0]?.raw.toString().endsWith(`0\r\n${trailers}\r\n`)).toBe(true);
  });

  it('a body that is a request is a body', async () => {
    const inner = hidden();
    const withLength = requestTo(lab, [`Content-Length: ${inner.length}`], { method: 'POST', body: inner });
    const inGet = requestTo(lab, [`Content-Length: ${inner.length}`], { body: inner });
    const inChunk = chunked(`${inner.length.toString(16)}\r\n${inner}\r\n${LAST}`);
    for (const bytes of [withLength, inGet, inChunk]) {
      const { requests } = await lab.exchange(bytes);
      expect(requests.map(({ target, body }) => [target, body.toString()])).toEqual([['/x', inner]]);
    }
  });

  it('requests behind a body are requests, each decided anew', async () => {
    const first = requestTo(lab, ['Content-Length: 3'], { method: 'POST', body: 'abc', path: '/1' });
    const second = requestTo(lab, [], { path: '/2' });
    const denied = `GET http://${DENIED}:${lab.origin.port}/3 HTTP/1.1\r\nHost: ${lab.authority}\r\n\r\n`;
    const fourth = requestTo(lab, [], { path: '/4' });
    const { requests, responses } = await lab.exchange([first, second, denied, fourth].join(''), {
      responses: 4,
    });
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 403, 200]);
    expect(requests.map(({ target }) => target).sort()).toEqual(['/1', '/2', '/4']);
    expect(responses.map(({ body }) => body.toString())).toMatchObject([
      '/1',
      '/2',
      expect.any(String),
      '/4',
    ]);
    expect(lab.arena.dns.queriesFor(DENIED)).toEqual([]);
  });
});

describe('a body that nobody wants', () => {
  const size = 3_000_000;

  it('of a refused request is read to its end, so that the client sees why, and is no request', async () => {
    const head = `POST http://${DENIED}:${lab.origin.port}/x HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`;
    const { responses, requests } = await lab.exchange([head, hidden() + 'x'.repeat(size - hidden().length)]);
    const [response] = responses;
    expect(response?.status).toBe(403);
    expect(response?.body.toString()).toContain('Reason: not-listed');
    expect(requests).toEqual([]);
  });

  it('of a request that was answered early is thrown away, and is no request', async () => {
    lab.answer((_request, socket) => void socket);
    const before = lab.origin.connections.length;
    await using connection = await rawConnect(lab.arena.proxy);
    await connection.send(requestTo(lab, [`Content-Length: ${size}`], { method: 'POST', body: 'abc' }));
    const record = await lab.origin.connection(before);
    await eventually('the head at the target', () => record.received.includes('abc'));
    record.socket.write(rawResponse('early', '413 Too Large'));
    expect((await connection.readResponse()).status).toBe(413);
    lab.answer();
    await connection.send([
      hidden(),
      'x'.repeat(size - 3 - hidden().length),
      requestTo(lab, [], { path: '/next' }),
    ]);
    expect((await connection.readResponse()).body.toString()).toBe('/next');
    expect(lab.origin.requests.at(-1)?.target).toBe('/next');
    expect(record.received.includes('hidden')).toBe(false);
  });

  it('ends the connection when it stops coming', async () => {
    await using slow = await openPlainLab({ flags: ['--head-timeout', '200ms'] });
    await using connection = await rawConnect(slow.arena.proxy);
    await connection.send(`POST http://${DENIED}/x HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc`);
    expect((await connection.readResponse()).status).toBe(403);
    await connection.readToEnd();
  });
});
