import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { within } from '../support/deadline.ts';
import { type RawSecureOrigin, rawResponse, rawSecureOrigin } from '../support/origins.ts';
import { refusalOf } from './arena.ts';
import { HOST, type InterceptLab, KEY, openInterceptLab, request } from './intercept-lab.ts';

let lab: InterceptLab;
let origin: RawSecureOrigin;
beforeAll(async () => {
  origin = await rawSecureOrigin(({ target }) => rawResponse(target), { names: [HOST] });
  lab = await openInterceptLab();
});
afterAll(async () => {
  expect(origin.requests.some(({ target }) => target.includes('hidden'))).toBe(false);
  await lab?.[Symbol.asyncDispose]();
  await origin?.close();
});

const there = () => `${HOST}:${origin.port}`;
/** A request that would reach the origin if the proxy and the origin disagreed on where the first one ends. */
const hidden = () => request(there(), { target: '/hidden' });

/**
 * Sends bytes in a tunnel; expects one refusal and then the end, and that the origin saw no whole request: once as the
 * first of its connection, once behind a request that was right.
 */
async function expectRefused(bytes: string, expected: { readonly why: string; readonly reason?: string }) {
  for (const isKept of [false, true]) {
    await using inside = await lab.open(origin);
    const { connection } = inside;
    if (isKept) {
      await connection.send(request(there(), { target: '/before' }));
      expect((await connection.readResponse()).body.toString()).toBe('/before');
    }
    const before = origin.requests.length;
    await connection.send(bytes);
    const refusal = await refusalOf(lab.arena, await connection.readResponse());
    expect(refusal.reason).toBe(expected.reason ?? 'bad-request');
    expect(String(refusal.event.detail)).toContain(expected.why);
    expect(refusal.event).toMatchObject({ host: HOST, port: origin.port, tunnel: inside.id });
    expect((await connection.readToEnd()).toString()).toBe('');
    expect(origin.requests.length).toBe(before);
  }
}

describe('lengths that can be read in two ways, in an intercepted connection', () => {
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
    ['chunked twice', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], ''],
    ['identity, then chunked', ['Transfer-Encoding: identity', 'Transfer-Encoding: chunked'], 'stands twice'],
    ['gzip, chunked', ['Transfer-Encoding: gzip, chunked'], 'not chunked alone'],
    ['xchunked', ['Transfer-Encoding: xchunked'], 'not chunked alone'],
    ['a vertical tab in front of chunked', ['Transfer-Encoding: \x0bchunked'], ''],
    ['the same length twice', ['Content-Length: 5', 'Content-Length: 5'], 'Content-Length'],
    ['two lengths in one', ['Content-Length: 5,0'], 'Content-Length'],
    ['a length with a plus', ['Content-Length: +5'], 'Content-Length'],
    ['a hexadecimal length', ['Content-Length: 0x5'], 'Content-Length'],
    ['a length of 2^63', ['Content-Length: 9223372036854775808'], 'every reader can hold'],
    ['a space in front of the colon', ['Content-Length : 5'], ''],
    ['a space in front of the name', [' Transfer-Encoding: chunked'], ''],
    ['a folded value', ['Transfer-Encoding:', ' chunked'], ''],
    ['a folded field of another name', ['X-A: 1', ' 2'], ''],
    ['a NUL in a value', ['X-A: 1\0'], ''],
    ['a lone CR in a value', ['X-A: 1\r2'], ''],
    ['a name with a NUL', ['X\0A: 1'], ''],
    ['a line without a colon', ['X-A'], ''],
  ])('%s: refused, and what was behind it never sent', async (_, fields, why) => {
    await expectRefused(request(there(), { method: 'POST', fields, body: `0\r\n\r\n${hidden()}` }), { why });
  });

  it.each<[string, (text: string) => string]>([
    ['a bare LF at the end of the request line', (text) => text.replace('\r\n', '\n')],
    ['a bare LF at the end of a field', (text) => text.replace(/(X-Api-Key: \S+)\r\n/, '$1\n')],
    ['a bare LF for the empty line', (text) => text.replace(/\r\n\r\n/, '\r\n\n')],
    ['a bare CR for the empty line', (text) => text.replace(/\r\n\r\n/, '\r\n\rX')],
    ['a tab in the request line', (text) => text.replace(' /', '\t/')],
    ['a version of the future', (text) => text.replace('HTTP/1.1', 'HTTP/3.0')],
    ['the preface of HTTP/2', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ])('%s: refused', async (_, change) => {
    await expectRefused(change(request(there())), { why: '' });
  });

  it('a request for a WebSocket that is chunked is refused', async () => {
    const fields = ['Connection: Upgrade', 'Upgrade: websocket', 'Transfer-Encoding: chunked'];
    await expectRefused(request(there(), { fields, body: `0\r\n\r\n${hidden()}` }), { why: 'chunked' });
  });

  it('a head over the limit is refused', async () => {
    const fields = [`X-A: ${'a'.repeat(17_000)}`];
    await expectRefused(request(there(), { fields }), { why: '', reason: 'headers-too-large' });
  });

  it('more than 100 fields are refused', async () => {
    const fields = Array.from({ length: 101 }, (_, index) => `X-${index}: 1`);
    await expectRefused(request(there(), { fields }), { why: '100', reason: 'headers-too-large' });
  });
});

describe('chunks in an intercepted connection', () => {
  it.each<[string, string]>([
    ['a size that is no number', 'x\r\nhello\r\n0\r\n\r\n'],
    ['a size with a sign', '+5\r\nhello\r\n0\r\n\r\n'],
    ['a size in 0x', '0x5\r\nhello\r\n0\r\n\r\n'],
    ['a size beyond 2^64', '10000000000000005\r\nhello\r\n0\r\n\r\n'],
    ['a bare LF behind the size', '5\nhello\r\n0\r\n\r\n'],
    ['a bare LF behind the data', '5\r\nhello\n0\r\n\r\n'],
    ['data longer than the size', '5\r\nhello!!\r\n0\r\n\r\n'],
    ['a bare LF in an extension', '5;a\n\r\nhello\r\n0\r\n\r\n'],
    ['a CR in an extension', '5;a\rb\r\nhello\r\n0\r\n\r\n'],
    ['a space in front of the size', ' 5\r\nhello\r\n0\r\n\r\n'],
  ])('%s: refused, and the origin gets no whole request', async (_, body) => {
    await using inside = await lab.open(origin);
    const before = origin.requests.length;
    await inside.connection.send(
      request(there(), { method: 'POST', fields: ['Transfer-Encoding: chunked'], body: body + hidden() }),
    );
    const refusal = await refusalOf(lab.arena, await inside.connection.readResponse());
    expect(refusal.reason).toBe('bad-request');
    await inside.connection.readToEnd();
    expect(origin.requests.length).toBe(before);
  });

  it('extensions are left out, trailers that mean something in front stay behind', async () => {
    const body = '5;name="va;lue"\r\nhello\r\n0\r\nX-Sum: 1\r\nAuthorization: Bearer x\r\nHost: evil\r\n\r\n';
    const fields = ['Transfer-Encoding: chunked', 'Trailer: X-Sum'];
    const { status } = await lab.exchange(origin, request(there(), { method: 'POST', fields, body }));
    expect(status).toBe(200);
    const { raw, body: got } = origin.requests.at(-1) ?? {};
    expect(got?.toString()).toBe('hello');
    expect(raw?.toString()).not.toMatch(/va;lue|Authorization|evil/);
    expect(raw?.toString()).toMatch(/0\r\nX-Sum: 1\r\n\r\n$/);
  });
});

describe('several requests on one intercepted connection', () => {
  it('that are sent at once are answered in their order, each with the credential', async () => {
    await using inside = await lab.open(origin);
    const before = origin.requests.length;
    const targets = ['/p0', '/p1', '/p2', '/p3'];
    await inside.connection.send(targets.map((target) => request(there(), { target })).join(''));
    for (const target of targets) {
      expect((await inside.connection.readResponse()).body.toString()).toBe(target);
    }
    const seen = origin.requests.slice(before);
    expect(seen.map(({ target }) => target).sort()).toEqual(targets);
    for (const { head } of seen) expect(head.getAll('x-api-key')).toEqual([KEY]);
  });

  it('are held to the host one by one: a stranger among them is refused alone', async () => {
    await using inside = await lab.open(origin);
    const before = origin.requests.length;
    await inside.connection.send(
      request(there(), { target: '/q0' }) + request('evil.example', { target: '/hidden' }),
    );
    expect((await inside.connection.readResponse()).body.toString()).toBe('/q0');
    expect((await inside.connection.readResponse()).status).toBe(421);
    expect(origin.requests.slice(before).map(({ target }) => target)).toEqual(['/q0']);
  });

  it('go to the target one after another in their order, over one connection, however many come at once', async () => {
    const slow = await rawSecureOrigin(
      () => new Promise((resolve) => setTimeout(resolve, 5, rawResponse())),
      {
        names: [HOST],
      },
    );
    await using inside = await lab.open(slow);
    const authority = `${HOST}:${slow.port}`;
    const targets = Array.from({ length: 60 }, (_, index) => `/${index}`);
    await inside.connection.send(targets.map((target) => request(authority, { target })).join(''));
    for (const _ of targets) expect((await inside.connection.readResponse()).status).toBe(200);
    expect(slow.requests.map(({ target }) => target)).toEqual(targets);
    expect(slow.dialled).toBe(1);
    await slow.close();
  });

  it('that nobody waits for any more are not sent', async () => {
    const silent = await rawSecureOrigin(() => undefined, { names: [HOST] });
    await using inside = await lab.open(silent);
    await inside.connection.send(request(`${HOST}:${silent.port}`, { target: '/hidden1' }).repeat(5));
    await silent.request(0);
    inside.tls.destroy();
    await inside.closed();
    await within(silent.connections[0]?.closed ?? Promise.reject(), 'the target to be let go');
    expect(silent.requests.length).toBe(1);
    const ends = lab.arena.audit.events({ event: 'close', tunnel: inside.id });
    // Whether a client that goes away is seen to end or to reset is a matter of when its packets come.
    const gone = expect.stringMatching(/^client-(?:closed|reset)$/);
    expect(ends.map(({ reason, status }) => [reason, status])).toEqual([[gone, 499]]);
    await silent.close();
  });

  it('with a body that is cut short never reach the origin as whole requests', async () => {
    await using inside = await lab.open(origin);
    const before = origin.requests.length;
    await inside.connection.send(
      request(there(), { method: 'POST', fields: ['Content-Length: 100'], body: 'short' }),
    );
    inside.tls.end();
    await inside.closed();
    expect(origin.requests.length).toBe(before);
  });
});

describe('what is for the next hop alone', () => {
  it('does not go on: hop-by-hop fields, those that Connection names, and credentials for the proxy', async () => {
    const fields = [
      ...[
        'Connection: x-mine, keep-alive',
        'X-Mine: 1',
        'Keep-Alive: 5',
        'Proxy-Authorization: Basic bWU6cGFzcw==',
      ],
      ...[
        'Proxy-Connection: keep-alive',
        'TE: trailers',
        'Upgrade: h2c',
        'HTTP2-Settings: AAMAAABk',
        'X-Keep: 2',
      ],
    ];
    const { status, head } = await lab.exchange(origin, request(there(), { fields }));
    expect(status).toBe(200);
    expect(head.get('upgrade')).toBeUndefined();
    const seen = origin.requests.at(-1)?.head;
    const names = seen?.fields.map(([name]) => name.toLowerCase()).sort();
    expect(names).toEqual(['connection', 'host', 'x-api-key', 'x-keep']);
  });

  it('Connection cannot take the credential away', async () => {
    const fields = ['Connection: x-api-key, host, content-length'];
    const { status } = await lab.exchange(origin, request(there(), { fields }));
    expect(status).toBe(200);
    expect(origin.requests.at(-1)?.head.getAll('x-api-key')).toEqual([KEY]);
    expect(origin.requests.at(-1)?.head.getAll('host')).toEqual([there()]);
  });

  it.each<[string, string]>([
    ['TRACE', 'method-not-supported'],
    ['CONNECT', 'method-not-supported'],
  ])('%s is refused with 405', async (method, reason) => {
    const before = origin.requests.length;
    const target = method === 'CONNECT' ? 'evil.example:443' : '/x';
    const response = await lab.exchange(origin, request(there(), { method, target }));
    const refusal = await refusalOf(lab.arena, response);
    expect(refusal).toMatchObject({ status: 405, reason });
    expect(refusal.event).toMatchObject({ host: HOST, detail: method });
    expect(origin.requests.length).toBe(before);
  });

  it.each(['h2c', 'TLS/1.0', 'HTTP/2.0', 'websocket2'])(
    'an upgrade to %s is answered as if it had not been asked for, and is the last of its connection',
    async (protocol) => {
      await using inside = await lab.open(origin);
      const fields = ['Connection: Upgrade', `Upgrade: ${protocol}`];
      await inside.connection.send(request(there(), { fields, target: '/up' }) + hidden());
      const { status, body } = await inside.connection.readResponse();
      expect([status, body.toString()]).toEqual([200, '/up']);
      expect((await inside.connection.readToEnd()).toString()).toBe('');
      expect(origin.requests.at(-1)?.head.get('upgrade')).toBeUndefined();
    },
  );
});
