import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, within } from '../support/deadline.ts';
import {
  type OriginHandler,
  type RawAnswer,
  type RawSecureOrigin,
  rawResponse,
  rawSecureOrigin,
  secureOrigin,
} from '../support/origins.ts';
import { refusalOf } from './arena.ts';
import { ask } from './http2-asking.ts';
import {
  HOST,
  type InterceptLab,
  KEY,
  openInterceptLab,
  refusedInside,
  request,
  STUB,
} from './intercept-lab.ts';

const SCRUBBED = 'scrub.lab.example';
const BROKEN = 'broken.lab.example';
const ROUTES = `
- { name: key, from: { env: LAB_KEY }, hosts: ["${HOST}:*"], inject: { type: header, name: x-api-key }, requireStub: true, otherPlaces: [{ header: authorization }, { query: key }] }
- { name: scrubbed, from: { env: LAB_KEY }, hosts: ["${SCRUBBED}:*"], inject: { type: bearer }, scrubBodies: true }
- { name: broken, from: { env: LAB_BROKEN }, hosts: ["${BROKEN}:*"], inject: { type: header, name: x-api-key } }
`;
const local = { a: ['127.0.0.1'] };

let lab: InterceptLab;
let origin: RawSecureOrigin;
let answer: RawAnswer = rawResponse();
beforeAll(async () => {
  origin = await rawSecureOrigin(
    (asked, socket) => (typeof answer === 'function' ? answer(asked, socket) : answer),
    { names: [HOST, SCRUBBED, BROKEN] },
  );
  lab = await openInterceptLab({
    routes: ROUTES,
    secrets: { LAB_KEY: KEY, LAB_BROKEN: 'sk-real\r\nX-Evil: 1' },
    zone: { [SCRUBBED]: local, [BROKEN]: local },
  });
});
afterAll(async () => {
  const told = lab.arena.proxy.stderr + lab.arena.proxy.logLines().join('\n');
  expect(told).not.toContain(KEY);
  expect(lab.arena.proxy.events({ event: 'defect' })).toEqual([]);
  await lab?.[Symbol.asyncDispose]();
  await origin?.close();
});

const at = (host = HOST) => `${host}:${origin.port}`;
const bare = (fields: readonly string[], target = '/x') =>
  `GET ${target} HTTP/1.1\r\nHost: ${at()}\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;

describe('a request that carries something other than the stub', () => {
  const LEAKED = 'sk-leaked-0123456789';
  it.each<[string, () => string]>([
    ['in the place of the credential', () => bare([`X-Api-Key: ${LEAKED}`])],
    ['under another case', () => bare([`x-API-key: ${LEAKED}`])],
    ['with an underscore, as gateways read it', () => bare([`X_Api_Key: ${LEAKED}`])],
    ['behind the stub', () => bare([`X-Api-Key: ${STUB}`, `X-Api-Key: ${LEAKED}`])],
    ['in front of the stub', () => bare([`X-Api-Key: ${LEAKED}`, `X-Api-Key: ${STUB}`])],
    ['in one value with the stub', () => bare([`X-Api-Key: ${STUB}, ${LEAKED}`])],
    ['with the stub as its beginning', () => bare([`X-Api-Key: ${STUB}${LEAKED}`])],
    ['in Authorization', () => bare([`Authorization: Bearer ${LEAKED}`])],
    [
      'in Authorization, as Basic',
      () => bare([`Authorization: Basic ${Buffer.from(`u:${LEAKED}`).toString('base64')}`]),
    ],
    ['in the query', () => bare([], `/x?key=${LEAKED}`)],
    ['in the query, escaped', () => bare([], `/x?%6bey=${LEAKED}`)],
    ['in the query, behind the stub', () => bare([], `/x?key=${STUB}&key=${LEAKED}`)],
  ])('%s is refused, and neither goes on nor is told', async (_, bytes) => {
    const before = origin.requests.length;
    const refusal = await refusedInside(lab, origin, bytes());
    expect(refusal).toMatchObject({ status: 403, reason: 'stub-required' });
    expect(refusal.event).toMatchObject({ route: 'key', credential: 'env:LAB_KEY' });
    expect(JSON.stringify(refusal)).not.toContain(LEAKED);
    expect(origin.requests.length).toBe(before);
  });

  it.each<[string, readonly string[]]>([
    ['the stub', [`X-Api-Key: ${STUB}`]],
    ['the stub twice', [`X-Api-Key: ${STUB}`, `X_API_KEY: ${STUB}`]],
    ['nothing', []],
    ['an empty value', ['X-Api-Key:']],
  ])('one with %s gets the credential, exactly once', async (_, fields) => {
    expect((await lab.exchange(origin, bare(fields))).status).toBe(200);
    const { head } = origin.requests.at(-1) ?? {};
    const keys = head?.fields.filter(([name]) => /^x[-_]api[-_]key$/i.test(name));
    expect(keys).toEqual([['x-api-key', KEY]]);
  });
});

it('a credential with a line break in it is never sent: its requests are refused', async () => {
  const before = origin.requests.length;
  const refusal = await refusedInside(lab, origin, request(at(BROKEN)), { host: BROKEN });
  expect(refusal).toMatchObject({ status: 502, reason: 'credential-unavailable' });
  expect(refusal.event).toMatchObject({ route: 'broken', credential: 'env:LAB_BROKEN' });
  expect(JSON.stringify(refusal)).not.toMatch(/sk-real|X-Evil/);
  expect(origin.requests.length).toBe(before);
});

describe('a response that sends the credential back', () => {
  const masked = '*'.repeat(KEY.length);
  it.each<[string, string]>([
    ['in a field', `HTTP/1.1 200 OK\r\nX-Echo: ${KEY}\r\nContent-Length: 2\r\n\r\nok`],
    ['inside of a field', `HTTP/1.1 200 OK\r\nX-Echo: a=${KEY};b\r\nContent-Length: 2\r\n\r\nok`],
    [
      'escaped as in a URL',
      `HTTP/1.1 302 Found\r\nLocation: /?k=${encodeURIComponent(KEY)}\r\nContent-Length: 2\r\n\r\nok`,
    ],
    ['in a cookie', `HTTP/1.1 200 OK\r\nSet-Cookie: k=${KEY}\r\nContent-Length: 2\r\n\r\nok`],
    ['as a phrase', `HTTP/1.1 200 ${KEY}\r\nContent-Length: 2\r\n\r\nok`],
    [
      'in an interim response',
      `HTTP/1.1 103 Early Hints\r\nLink: <${KEY}>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`,
    ],
    [
      'in trailers',
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Echo: ${KEY}\r\n\r\n`,
    ],
    [
      'in the fields of an error',
      `HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer error="${KEY}"\r\nContent-Length: 2\r\n\r\nok`,
    ],
  ])('%s: the client gets asterisks', async (_, response) => {
    answer = response;
    await using inside = await lab.open(origin);
    await inside.connection.send(request(at(), { fields: ['Connection: close', 'TE: trailers'] }));
    const all = (await inside.connection.readToEnd()).toString('latin1');
    expect(all).not.toContain(KEY);
    expect(all).not.toContain(encodeURIComponent(KEY));
    expect(all).toContain('*'.repeat(20));
    expect(all).toContain('ok');
    answer = rawResponse();
  });

  it('in fields and trailers over HTTP/2: the client gets asterisks', async () => {
    const handler: OriginHandler = (_asked, response) => {
      response.writeHead(200, { 'x-echo': KEY });
      if ('addTrailers' in response && typeof response.addTrailers === 'function')
        response.addTrailers({ 'x-late': KEY });
      response.end('ok');
    };
    const target = await secureOrigin(handler, { names: [HOST] });
    await using inside = await lab.openHttp2(target);
    const got = await ask(inside.session, { ':authority': `${HOST}:${target.port}` });
    expect([got.status, got.headers['x-echo'], got.trailers['x-late']]).toEqual([200, masked, masked]);
    await target.close();
  });

  describe('in its body, on a route that asks for that', () => {
    const open = { host: SCRUBBED };
    it.each<[string, readonly string[]]>([
      ['at once', [`before ${KEY} after`]],
      ['split in its middle', [`before ${KEY.slice(0, 9)}`, `${KEY.slice(9)} after`]],
      ['byte by byte', [...`before ${KEY} after`]],
      ['twice', [`${KEY}${KEY.slice(0, 3)}`, `${KEY.slice(3)} after`]],
      ['behind its own beginning', [`before ${KEY.slice(0, 12)}`, `${KEY} after`]],
    ])('%s: the client gets asterisks, and as many bytes', async (_, pieces) => {
      const length = pieces.join('').length;
      answer = async (_asked, socket) => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`);
        for (const piece of pieces) {
          socket.write(piece);
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
        return undefined;
      };
      const { body, head } = await lab.exchange(origin, request(at(SCRUBBED)), open);
      expect(head.get('content-length')).toBe(String(length));
      expect(body.length).toBe(length);
      expect(body.toString()).not.toContain(KEY);
      expect(body.toString()).toContain(masked);
      answer = rawResponse();
    });

    it('nobody can ask for it encoded or in parts', async () => {
      const fields = ['Accept-Encoding: gzip, br', 'Range: bytes=0-3', 'If-Range: "x"'];
      await lab.exchange(origin, request(at(SCRUBBED), { fields }), open);
      const { head } = origin.requests.at(-1) ?? {};
      expect(head?.getAll('accept-encoding')).toEqual(['identity']);
      expect([head?.get('range'), head?.get('if-range')]).toEqual([undefined, undefined]);
    });

    it.each(['gzip', 'br', 'x-unknown'])(
      'one that comes in %s all the same is not passed on',
      async (coding) => {
        answer = rawResponse(gzipSync(KEY), '200 OK', [`Content-Encoding: ${coding}`]);
        const refusal = await refusalOf(lab.arena, await lab.exchange(origin, request(at(SCRUBBED)), open));
        expect(refusal).toMatchObject({ status: 502, reason: 'target-protocol-error' });
        answer = rawResponse();
      },
    );

    it('streams go on as they come: nothing that cannot be part of the secret waits', async () => {
      answer = async (_asked, socket) => {
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\ndata: 1\r\n');
        return undefined;
      };
      await using inside = await lab.open(origin, open);
      await inside.connection.send(request(at(SCRUBBED)));
      await inside.connection.readUntil('data: 1');
      answer = rawResponse();
    });
  });
});

describe('redirects', () => {
  it.each(['https://evil.example/steal', `https://127.0.0.1:1/x`, '//evil.example/', '/elsewhere'])(
    'to %s are the client’s to follow: the proxy passes them on',
    async (location) => {
      for (const status of ['301 Moved', '302 Found', '307 Temporary', '308 Permanent']) {
        answer = rawResponse('', status, [`Location: ${location}`]);
        const before = origin.requests.length;
        const response = await lab.exchange(origin, request(at()));
        expect([response.status, response.head.get('location')]).toEqual([
          Number.parseInt(status, 10),
          location,
        ]);
        expect(origin.requests.length).toBe(before + 1);
      }
      expect(lab.arena.dns.queriesFor('evil.example')).toEqual([]);
      answer = rawResponse();
    },
  );
});

describe('a target of an intercepted connection that misbehaves', () => {
  it('by switching protocols unasked, or to another than was asked for: 502', async () => {
    answer = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
    const unasked = await refusalOf(lab.arena, await lab.exchange(origin, request(at())));
    expect(unasked).toMatchObject({ status: 502, reason: 'target-protocol-error' });
    answer = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n';
    const fields = ['Connection: Upgrade', 'Upgrade: websocket'];
    const other = await refusalOf(lab.arena, await lab.exchange(origin, request(at(), { fields })));
    expect(other).toMatchObject({ status: 502, reason: 'target-protocol-error' });
    answer = rawResponse();
  });

  it.each<[string, string]>([
    ['both lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a coding beside chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    ['a bare LF', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok'],
    ['no HTTP at all', 'SSH-2.0-x\r\n\r\n'],
  ])('by %s: 502', async (_, response) => {
    answer = response;
    const refusal = await refusalOf(lab.arena, await lab.exchange(origin, request(at())));
    expect(refusal).toMatchObject({ status: 502, reason: 'target-protocol-error' });
    answer = rawResponse();
  });

  it('by answering before the body has ended: the client has the answer, and the rest goes nowhere', async () => {
    answer = rawResponse();
    const early = await rawSecureOrigin(() => undefined, { names: [HOST] });
    await using inside = await lab.open(early);
    await inside.connection.send(
      request(`${HOST}:${early.port}`, { method: 'POST', fields: ['Content-Length: 100000'], body: 'begun' }),
    );
    await eventually('the head', () => early.connections[0]?.received.includes('begun'));
    early.connections[0]?.socket.write(rawResponse('too much', '413 Too Much'));
    expect((await inside.connection.readResponse()).status).toBe(413);
    await within(early.connections[0]?.closed ?? Promise.reject(), 'the target to be let go');
    await early.close();
  });

  it('by closing kept connections: the next request gets a new one', async () => {
    answer = rawResponse('bye', '200 OK', ['Connection: close']);
    await using inside = await lab.open(origin);
    for (let count = 0; count < 3; count++) {
      await inside.connection.send(request(at(), { method: 'POST', fields: ['Content-Length: 0'] }));
      expect((await inside.connection.readResponse()).body.toString()).toBe('bye');
    }
    answer = rawResponse();
  });

  it('by GOAWAY: the next request gets a new connection', async () => {
    const sessions = new Set<unknown>();
    const handler: OriginHandler = (asked, response) => {
      const { session } = (asked as unknown as { stream: { session: { close(): void } } }).stream;
      sessions.add(session);
      response.writeHead(200);
      response.end('ok');
      session.close();
    };
    const target = await secureOrigin(handler, { names: [HOST] });
    await using inside = await lab.openHttp2(target);
    for (let count = 0; count < 3; count++) {
      const { status } = await ask(inside.session, { ':authority': `${HOST}:${target.port}` });
      expect(status).toBe(200);
      await eventually('the session to end', () => sessions.size === count + 1);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await target.close();
  });

  it.each<[string, number | 'session']>([
    ['resetting the stream', 8],
    ['going away', 'session'],
  ])('by %s in the middle of a body over HTTP/2: the client sees no end of it', async (_, code) => {
    const handler: OriginHandler = (asked, response) => {
      const { stream } = asked as unknown as {
        stream: { close(code: number): void; session: { destroy(): void } };
      };
      response.writeHead(200);
      response.write('part');
      setTimeout(() => (code === 'session' ? stream.session.destroy() : stream.close(code)), 50);
    };
    const target = await secureOrigin(handler, { names: [HOST] });
    await using inside = await lab.openHttp2(target);
    const got = await ask(inside.session, { ':authority': `${HOST}:${target.port}` });
    expect([got.status, got.code]).toEqual([200, 2]);
    const event = await lab.arena.audit.waitFor({ event: 'close', tunnel: inside.id });
    expect(event.reason).toBe('target-reset');
    await target.close();
  });
});
