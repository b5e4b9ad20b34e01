import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect as connectTls, createSecureContext, createServer, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { certificateFor } from '../support/certificates.ts';
import { clientHello, cut, type HelloExtension, records } from '../support/client-hello.ts';
import { within } from '../support/deadline.ts';
import { listening } from '../support/origins/tcp-origin.ts';
import { type Origin, tcpOrigin } from '../support/origins.ts';
import { connectThrough } from '../support/proxy-client.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { type Arena, openArena } from './arena.ts';

const GOOD = 'good.lab.example';
const EVIL = 'evil.lab.example';
const CHANGE_CIPHER_SPEC = Buffer.from([20, 3, 3, 0, 1, 1]);
const USER_CANCELED = Buffer.from([21, 3, 3, 0, 2, 1, 90]);
const EMPTY_RECORD = Buffer.from([22, 3, 3, 0, 0]);
const EARLY_DATA = Buffer.concat(records(Buffer.alloc(40, 7), { contentType: 23, version: 0x0303 }));
const SESSION_ID = Buffer.alloc(32, 9);
const earlyDataOffer: HelloExtension = { type: 42, body: Buffer.alloc(0) };

let arena: Arena;
/** OpenSSL, which wants P-256 and so asks a client that offers X25519 for a second hello. */
let server: Origin;
let received: Buffer[];
/** Names that it acted on. */
const names: string[] = [];

beforeAll(async () => {
  const { keyPem: key, certPem: cert } = await certificateFor([GOOD]);
  const tls = createServer({
    key,
    cert,
    ecdhCurve: 'P-256',
    ALPNProtocols: ['http/1.1'],
    SNICallback: (name, done) => {
      names.push(name);
      done(null, createSecureContext({ key, cert }));
    },
  });
  const sockets = new Set<Socket>();
  tls.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('data', (bytes: Buffer) => received.push(bytes)).on('error', () => undefined);
  });
  tls.on('tlsClientError', () => undefined);
  tls.on('secureConnection', (socket: TLSSocket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  server = await listening(tls, {}, () => {
    for (const socket of sockets) socket.destroy();
  });
  arena = await openArena({
    words: ['.lab.example:*'],
    allowPrivate: ['127.0.0.1/32'],
    zone: { [GOOD]: { a: ['127.0.0.1'] } },
  });
});
afterAll(async () => {
  await Promise.all([arena[Symbol.asyncDispose](), server.close()]);
});

describe('a server that asks for a second ClientHello', () => {
  const first = (offer: readonly HelloExtension[] = []) =>
    clientHello({ serverNames: [GOOD], versions: [0x0304], sessionId: SESSION_ID, after: offer });
  const second = (name: string) =>
    clientHello({ serverNames: [name], versions: [0x0304], sessionId: SESSION_ID });

  it.each<[string, readonly HelloExtension[], readonly Buffer[], string]>([
    ['at once', [], [], 'sni-mismatch'],
    ['behind a change_cipher_spec', [], [CHANGE_CIPHER_SPEC], 'sni-mismatch'],
    ['behind 0-RTT data', [earlyDataOffer], [CHANGE_CIPHER_SPEC, EARLY_DATA], 'sni-mismatch'],
    ['behind a warning that servers read over', [], [USER_CANCELED], 'sni-mismatch'],
    ['behind an empty record', [], [EMPTY_RECORD], 'client-hello-malformed'],
  ])('does not get one for another host: %s', async (_what, offer, between, reason) => {
    received = [];
    names.length = 0;
    await using tunnel = await connectThrough(arena.proxy, `${GOOD}:${server.port}`);
    const hello = first(offer);
    await tunnel.connection.send(hello);
    const answer = await tunnel.connection.readBytes(6);
    expect([answer[0], answer[5]]).toEqual([22, 2]);
    await tunnel.connection.send([...between, ...cut(second(EVIL), 50)]);
    const rest = await tunnel.connection.readToEnd();
    expect([...rest.subarray(-7, -1)]).toEqual([21, 3, 3, 0, 2, 2]);
    tunnel.connection.end();
    const { id } = arena.audit.events({ event: 'decision' }).at(-1) ?? {};
    expect(await arena.audit.waitFor({ event: 'close', id })).toMatchObject({ decision: 'deny', reason });
    expect(names).toEqual([GOOD]);
    expect(Buffer.concat(received).includes(EVIL)).toBe(false);
  });

  it('does not get one that was sent before it asked', async () => {
    received = [];
    await using tunnel = await connectThrough(arena.proxy, `${GOOD}:${server.port}`);
    await tunnel.connection.send(Buffer.concat([first(), second(EVIL)]));
    await tunnel.connection.readToEnd();
    tunnel.connection.end();
    const { id } = arena.audit.events({ event: 'decision' }).at(-1) ?? {};
    expect(await arena.audit.waitFor({ event: 'close', id })).toMatchObject({ reason: 'sni-mismatch' });
    expect(Buffer.concat(received).includes(EVIL)).toBe(false);
  });
});

describe('real handshakes in a tunnel', () => {
  async function handshake(options: object, port = server.port): Promise<TLSSocket> {
    const { connection } = await connectThrough(arena.proxy, `${GOOD}:${port}`);
    const { caPem } = await certificateFor([GOOD]);
    received = [];
    const socket = connectTls({ socket: connection.release(), servername: GOOD, ca: caPem, ...options });
    const ended = Promise.withResolvers<void>();
    socket.on('error', ended.reject).on('secureConnect', ended.resolve);
    await within(ended.promise, 'a handshake');
    return socket;
  }

  async function echoed(socket: TLSSocket): Promise<void> {
    const bytes = Buffer.alloc(200_000, 'echo');
    socket.write(bytes);
    let seen = 0;
    const all = new Promise<void>((resolve) => {
      socket.on('data', (piece: Buffer) => {
        seen += piece.length;
        if (seen >= bytes.length) resolve();
      });
    });
    await within(all, 'the echo');
    socket.destroy();
  }

  it.each([
    ['TLS 1.3', { minVersion: 'TLSv1.3' }],
    ['TLS 1.3 by way of a HelloRetryRequest', { minVersion: 'TLSv1.3', ecdhCurve: 'X25519:P-256' }],
    ['TLS 1.2', { maxVersion: 'TLSv1.2' }],
  ])('%s works, and bulk follows it', async (_what, options) => {
    const socket = await handshake(options);
    expect(socket.authorized).toBe(true);
    await echoed(socket);
  });

  it.each(['TLSv1.2', 'TLSv1.3'])('a resumed session of %s works', async (version) => {
    const { keyPem: key, certPem: cert } = await certificateFor([GOOD]);
    const tls = createServer({ key, cert }, (socket) => socket.on('error', () => undefined).pipe(socket));
    const origin = untilTestEnds(await listening(tls, {}, () => undefined));
    const options = { minVersion: version, maxVersion: version };
    const socket = await handshake(options, origin.port);
    let ticket: Buffer | undefined = socket.getSession();
    socket.on('session', (session: Buffer) => {
      ticket = session;
    });
    await echoed(socket);
    for (let round = 0; round < 5; round++) {
      const again = await handshake({ ...options, session: ticket }, origin.port);
      expect(again.isSessionReused()).toBe(true);
      await echoed(again);
    }
  });

  it('a handshake for another host ends with an alert that says so', async () => {
    await expect(handshake({ servername: EVIL })).rejects.toMatchObject({
      code: 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME',
    });
  });

  it('a server that warns before its hello is understood', async () => {
    const warning = Buffer.from([21, 3, 3, 0, 2, 1, 112]);
    const retry = Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex');
    for (const [random, evilPasses] of [
      [retry, false],
      [Buffer.alloc(32, 5), true],
    ] as const) {
      const hello = Buffer.concat(records(Buffer.concat([Buffer.from([2, 0, 0, 34, 3, 3]), random])));
      await using origin = await tcpOrigin((socket) => {
        socket.once('data', () => socket.write(Buffer.concat([warning, hello])));
      });
      await using tunnel = await connectThrough(arena.proxy, `${GOOD}:${origin.port}`);
      await tunnel.connection.send(clientHello({ serverNames: [GOOD] }));
      await tunnel.connection.readBytes(warning.length + hello.length);
      // Once the server has gone on, what looks like a hello is not one: it may be encrypted.
      const evil = clientHello({ serverNames: [EVIL] });
      await tunnel.connection.send(evil);
      const record = await origin.connection();
      if (evilPasses) await within(tunnelGot(record, EVIL), 'the record');
      else await tunnel.connection.readToEnd();
      expect(record.received.includes(EVIL)).toBe(evilPasses);
    }
  });
});

async function tunnelGot(
  record: { readonly socket: Socket; readonly received: Buffer },
  text: string,
): Promise<void> {
  while (!record.received.includes(text)) await once(record.socket, 'data');
}
