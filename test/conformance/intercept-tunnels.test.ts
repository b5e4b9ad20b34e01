import { once } from 'node:events';
import { duplexPair } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { certificateFor } from '../support/certificates.ts';
import { clientHello } from '../support/client-hello.ts';
import { requireComponent } from '../support/components.ts';
import { eventually } from '../support/deadline.ts';
import { httpOrigin, type SecureOrigin, secureOrigin, silentOrigin } from '../support/origins.ts';
import { runProcess } from '../support/processes.ts';
import { connectThrough, getThrough } from '../support/proxy-client.ts';
import { ask, refusalOfHttp2 } from './http2-asking.ts';
import {
  HOST,
  type InterceptLab,
  KEY,
  openInterceptLab,
  refusedInside,
  request,
  STUB,
  UNROUTED,
} from './intercept-lab.ts';

const WILD =
  '- { name: wild, from: { env: LAB_KEY }, inject: { type: bearer }, hosts: ["*.wild.lab.example:*"] }';
const ROUTES = `- { name: key, from: { env: LAB_KEY }, inject: { type: header, name: x-api-key }, hosts: ["${HOST}:*"] }\n${WILD}`;
const local = { a: ['127.0.0.1'] };
const LOOKALIKES = [
  'keys.lab.example',
  'a.key.lab.example',
  'key.lab.example.lab.example',
  'xkey.lab.example',
  'key-lab.lab.example',
];
const EDGES = ['wild.lab.example', 'a.b.wild.lab.example', 'awild.lab.example'];

let lab: InterceptLab;
/** Its certificate is for every name of the lab. */
let origin: SecureOrigin;
beforeAll(async () => {
  const names = [HOST, UNROUTED, '127.0.0.1', 'x.wild.lab.example', ...LOOKALIKES, ...EDGES];
  origin = await secureOrigin(undefined, { names });
  lab = await openInterceptLab({
    routes: ROUTES,
    words: ['.lab.example:*', '127.0.0.1:*'],
    zone: Object.fromEntries([...LOOKALIKES, ...EDGES, 'x.wild.lab.example'].map((name) => [name, local])),
    flags: ['--handshake-timeout', '1s'],
  });
});
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
  await origin?.close();
});

/** Goes through a tunnel with TLS of the client's own, trusting only the origin's authority: an opaque tunnel. */
async function throughOpaque(host: string, servername = host) {
  const { connection: outer, status } = await connectThrough(lab.arena.proxy, `${host}:${origin.port}`);
  expect(status).toBe(200);
  const { tls, connection } = await outer.startTls({ ca: origin.certificate.caPem, servername, host });
  await connection.send(request(`${host}:${origin.port}`));
  const response = await connection.readResponse();
  tls.destroy();
  return response;
}

describe('a host that only looks like one with a route', () => {
  it.each([...LOOKALIKES, ...EDGES, UNROUTED])(
    '%s stays an opaque tunnel, and gets no credential',
    async (host) => {
      expect((await throughOpaque(host)).status).toBe(200);
      const { headers } = origin.requests.at(-1) ?? {};
      expect(headers?.['x-api-key']).toBe(STUB);
      expect(headers?.authorization).toBeUndefined();
    },
  );

  it('the address of a host with a route is another host, and gets no credential', async () => {
    expect((await throughOpaque('127.0.0.1', '')).status).toBe(200);
    expect(origin.requests.at(-1)?.headers['x-api-key']).toBe(STUB);
  });

  it('one label under a wildcard gets the credential, as the other side of its edge', async () => {
    const host = 'x.wild.lab.example';
    const { status } = await lab.exchange(origin, request(`${host}:${origin.port}`), { host });
    expect(status).toBe(200);
    expect(origin.requests.at(-1)?.headers.authorization).toBe(`Bearer ${KEY}`);
    // The header of another route is the client's own affair here.
    expect(origin.requests.at(-1)?.headers['x-api-key']).toBe(STUB);
  });
});

/** The first flight of a real client. */
async function realHello(): Promise<Buffer> {
  const [near, far] = duplexPair();
  const client = connectTls({ socket: near, servername: HOST });
  client.on('error', () => undefined);
  const [bytes] = (await once(far, 'data')) as [Buffer];
  client.destroy();
  return bytes;
}

describe('what a client says first in a tunnel to a host with a route', () => {
  it.each<[string, string, string]>([
    ['another server', 'other.lab.example', 'sni-mismatch'],
    ['a host with another route', 'x.wild.lab.example', 'sni-mismatch'],
    ['no server', '', 'sni-missing'],
  ])(
    'a TLS handshake for %s is refused with an alert, before the target hears anything',
    async (_, servername, reason) => {
      const before = origin.handshakes.length;
      const { connection: outer } = await connectThrough(lab.arena.proxy, `${HOST}:${origin.port}`);
      await expect(outer.startTls({ ca: lab.caPem, servername, host: '127.0.0.1' })).rejects.toThrow(
        /alert|closed|ECONNRESET/i,
      );
      const event = await lab.arena.audit.waitFor({ event: 'close', reason });
      expect(event).toMatchObject({ decision: 'deny', host: HOST, status: 200 });
      expect(origin.handshakes.length).toBe(before);
    },
  );

  it.each<[string, string, string]>([
    ['plain HTTP', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'not-tls'],
    ['SSH', 'SSH-2.0-OpenSSH_9.9\r\n', 'not-tls'],
    [
      'a TLS record of a later version',
      '\x16\x0a\x01\x00\x05\x01\x00\x00\x01\x00',
      'not-tls|client-hello-malformed',
    ],
  ])('%s is refused: also on a port other than 443', async (_, bytes, reason) => {
    const { connection, head } = await connectThrough(lab.arena.proxy, `${HOST}:${origin.port}`);
    expect(head.startLine).toContain('200');
    const seen = lab.arena.audit.events({ event: 'close', decision: 'deny' }).length;
    await connection.send(bytes);
    await connection.readToEnd();
    connection.end();
    const event = await lab.arena.audit.waitFor(
      (candidate) => candidate === lab.arena.audit.events({ event: 'close', decision: 'deny' })[seen],
    );
    expect(event.reason).toMatch(new RegExp(`^(?:${reason})$`));
  });

  it('nothing at all, for too long, ends the tunnel', async () => {
    await using tunnel = await connectThrough(lab.arena.proxy, `${HOST}:${origin.port}`);
    await tunnel.connection.readToEnd();
    await lab.arena.audit.waitFor({ event: 'close', reason: 'client-hello-timeout' });
  });

  it.each<[string, string]>([
    ['stalls in its middle', 'client-hello-timeout'],
    ['agrees on nothing', 'client-tls-failed'],
  ])('a handshake that %s ends the tunnel', async (_, reason) => {
    await using tunnel = await connectThrough(lab.arena.proxy, `${HOST}:${origin.port}`);
    const seen = lab.arena.audit.events({ event: 'close', reason }).length;
    const hello =
      reason === 'client-tls-failed'
        ? clientHello({ serverNames: [HOST], cipherSuites: [0x0001] })
        : await realHello();
    await tunnel.connection.send(hello);
    await tunnel.connection.readToEnd();
    const isTold = () => lab.arena.audit.events({ event: 'close', reason }).length > seen;
    await eventually('the end of the tunnel', isTold);
  });

  requireComponent('curl').test(
    'a handshake of a client that does not trust the authority is told as that',
    async () => {
      const ca = await lab.arena.directory.write('stranger.pem', origin.certificate.caPem);
      const { code, stderr } = await runProcess('curl', [
        ...['-sS', '--max-time', '5', '--proxy', lab.arena.proxy.url, '--cacert', ca],
        `https://${HOST}:${origin.port}/`,
      ]);
      expect([code, stderr]).toEqual([60, expect.stringMatching(/certificate/)]);
      const event = await lab.arena.audit.waitFor(
        ({ detail }) => detail === 'the client does not trust the authority of the proxy',
      );
      expect(event).toMatchObject({ event: 'close', reason: 'client-tls-failed', host: HOST });
    },
  );
});

describe('a target that the proxy cannot trust', () => {
  const wrong = [
    [
      'an unknown authority',
      { names: [HOST], certificate: certificateFor([HOST], { authority: 'stranger' }) },
      'not trusted',
    ],
    [
      'a certificate that has expired',
      { names: [HOST], certificate: certificateFor([HOST], { lifetimeMs: -3_600_000 }) },
      'expired',
    ],
    [
      'a certificate for another name',
      { names: ['other.lab.example'], certificate: certificateFor(['other.lab.example']) },
      'other names',
    ],
    [
      'a certificate for its address alone',
      { names: ['127.0.0.1'], certificate: certificateFor(['127.0.0.1']) },
      'other names',
    ],
    [
      'a wildcard certificate that is too short',
      { names: ['*.example'], certificate: certificateFor(['*.example']) },
      'other names',
    ],
  ] as const;

  it.each(wrong)(
    'by %s: 502 inside of the TLS, and the credential is never sent',
    async (_, options, why) => {
      const target = await secureOrigin(undefined, {
        names: options.names,
        certificate: await options.certificate,
      });
      const refusal = await refusedInside(lab, target, request(`${HOST}:${target.port}`));
      expect(refusal).toMatchObject({ status: 502, reason: 'target-tls-failed' });
      expect(refusal.event.detail).toContain(why);
      expect(target.requests).toEqual([]);
      await target.close();
    },
  );

  it('is told over HTTP/2 as well', async () => {
    const certificate = await certificateFor([HOST], { authority: 'stranger' });
    const target = await secureOrigin(undefined, { names: [HOST], certificate });
    await using inside = await lab.openHttp2(target);
    const answer = await ask(inside.session, { ':authority': `${HOST}:${target.port}`, 'x-api-key': STUB });
    expect(await refusalOfHttp2(lab.arena, answer)).toMatchObject({
      status: 502,
      reason: 'target-tls-failed',
    });
    await target.close();
  });

  it('speaks no TLS at all: 502, and what the proxy sent it was a handshake alone', async () => {
    const target = await silentOrigin();
    const refusal = await refusedInside(lab, target, request(`${HOST}:${target.port}`));
    expect(refusal).toMatchObject({ status: 502, reason: 'target-tls-failed' });
    expect(refusal.event.detail).toBe('after 1000 ms');
    expect((await target.connection()).received.toString('latin1')).not.toContain(KEY);
    await target.close();
  });

  it('speaks TLS 1.1 alone: 502', async () => {
    const target = await secureOrigin(undefined, {
      names: [HOST],
      minVersion: 'TLSv1.1',
      maxVersion: 'TLSv1.1',
    });
    const refusal = await refusedInside(lab, target, request(`${HOST}:${target.port}`));
    expect(refusal).toMatchObject({ status: 502, reason: 'target-tls-failed' });
    await target.close();
  });
});

describe('plain HTTP to a host with a route', () => {
  it('gets no credential: it would go out in the clear', async () => {
    const target = await httpOrigin();
    const url = `http://${HOST}:${target.port}/x`;
    const { status } = await getThrough(lab.arena.proxy, url, [
      ['Host', 'x'],
      ['X-Api-Key', STUB],
    ]);
    expect(status).toBe(200);
    expect(target.requests.at(-1)?.headers['x-api-key']).toBe(STUB);
    await target.close();
  });
});
