import type { Socket } from 'node:net';
import { createServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { certificateFor } from '../support/certificates.ts';
import { within } from '../support/deadline.ts';
import { listening } from '../support/origins/tcp-origin.ts';
import { type Origin, type TcpOrigin, tcpOrigin } from '../support/origins.ts';
import { connectThrough } from '../support/proxy-client.ts';
import { rawConnect } from '../support/raw-client.ts';
import { socksProxy } from '../support/socks-proxy.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { type Arena, asked, refusalOf, refusedConnect, refusedGet } from './arena.ts';
import { CREDENTIALS, openBehind } from './behind.ts';

const HOST = 'a.lab.example';
const open = (url: string) =>
  openBehind(url, { words: ['.lab.example:*'], flags: ['--connect-timeout', '500ms'] });

type Behaviour = string | ((socket: Socket) => void);
const closes = (socket: Socket) => void socket.end();
const resets = (socket: Socket) => void socket.resetAndDestroy();
/** Writes as long as somebody reads. */
const talks = (socket: Socket) => {
  const line = Buffer.from(`X-A: ${'a'.repeat(60_000)}\r\n`);
  const more = () => {
    while (!socket.destroyed && socket.write(line));
  };
  socket.on('drain', more).write('HTTP/1.1 200 OK\r\n');
  more();
};
const redirect = `HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\nContent-Length: 4\r\n\r\nevil`;

describe('an upstream HTTP proxy that means no good', () => {
  let arena: Arena;
  let upstream: TcpOrigin;
  let behaviour: Behaviour;
  beforeAll(async () => {
    upstream = await tcpOrigin((socket) =>
      socket.once('data', () => {
        if (typeof behaviour === 'string') socket.write(behaviour, 'latin1');
        else behaviour(socket);
      }),
    );
    arena = await open(`http://${upstream.authority}`);
  });
  afterAll(async () => {
    expect(arena.dns.queries).toEqual([]);
    expect(JSON.stringify(arena.audit.events())).not.toContain('s3cret');
    await Promise.all([arena[Symbol.asyncDispose](), upstream.close()]);
  });

  it.each<[string, Behaviour, number, string]>([
    ['closes', closes, 502, 'upstream-failed'],
    ['resets', resets, 502, 'upstream-failed'],
    ['says nothing', () => undefined, 504, 'connect-timeout'],
    ['says half a head', 'HTTP/1.1 200 OK\r\n', 504, 'connect-timeout'],
    ['talks without end', talks, 502, 'upstream-failed'],
    ['speaks no HTTP', 'hello\r\n\r\n', 502, 'upstream-failed'],
    ['speaks TLS', '\x15\x03\x03\0\x02\x02\x28', 502, 'upstream-failed'],
    ['ends its lines in LF alone', 'HTTP/1.1 200 OK\n\n', 502, 'upstream-failed'],
    ['wants credentials', 'HTTP/1.1 407 No\r\nContent-Length: 4\r\n\r\nevil', 502, 'upstream-auth-failed'],
    ['refuses', 'HTTP/1.1 403 No\r\nContent-Length: 4\r\n\r\nevil', 502, 'upstream-refused'],
    ['has no such target', 'HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\nevil', 502, 'upstream-refused'],
    ['cannot reach it', 'HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\nevil', 502, 'upstream-refused'],
    ['leads elsewhere', redirect, 502, 'upstream-refused'],
    ['switches protocols', 'HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nevil', 502, ''],
  ])('fails a tunnel with a reason when it %s', async (_what, how, status, reason) => {
    behaviour = how;
    const before = upstream.connections.length;
    const refusal = await refusedConnect(arena, `${HOST}:443`);
    expect(refusal).toMatchObject({ status, reason: reason || expect.stringMatching(/^upstream-/) });
    expect(refusal.body).not.toMatch(/evil|s3cret/);
    expect(refusal.event).toMatchObject({ event: 'close', decision: 'allow', status, bytesDown: 0 });
    expect(upstream.connections).toHaveLength(before + 1);
    await within((await upstream.connection(before)).finished, 'the proxy to let go of it');
    expect(asked(arena, 'evil.example')).toBe(0);
  });

  it.each<[string, Behaviour, string]>([
    ['closes', closes, 'target-reset'],
    ['resets', resets, 'target-reset'],
    ['speaks no HTTP', 'hello\r\n\r\n', 'target-protocol-error'],
    ['gives two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nevil', ''],
    ['wants credentials', 'HTTP/1.1 407 No\r\nContent-Length: 4\r\n\r\nevil', 'upstream-auth-failed'],
  ])('fails a plain request with a reason when it %s', async (_what, how, reason) => {
    behaviour = how;
    const refusal = await refusedGet(arena, `http://${HOST}/`);
    expect(refusal).toMatchObject({ status: 502, reason: reason || 'target-protocol-error' });
    expect(refusal.body).not.toMatch(/evil|s3cret/);
    expect(refusal.event).toMatchObject({ event: 'close', status: 502 });
  });

  it('fails a WebSocket with a reason when it wants credentials', async () => {
    behaviour = 'HTTP/1.1 407 No\r\nContent-Length: 4\r\n\r\nevil';
    await using connection = await rawConnect(arena.proxy);
    const lines = ['Host: a', 'Connection: Upgrade', 'Upgrade: websocket', '', ''];
    await connection.send([`GET http://${HOST}/ HTTP/1.1`, ...lines].join('\r\n'));
    const refusal = await refusalOf(arena, await connection.readResponse());
    expect(refusal).toMatchObject({ status: 502, reason: 'upstream-auth-failed' });
  });

  it('opens a tunnel with what it says behind its 200 as the first bytes of it, and no answer of its own', async () => {
    behaviour = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\nSet-Cookie: evil\r\n\r\nHTTP/1.1 403 No\r\n\r\n';
    await using connection = await rawConnect(arena.proxy);
    await connection.send(`CONNECT ${HOST}:8443 HTTP/1.1\r\nHost: a\r\n\r\n`);
    const head = await connection.readHead();
    expect(head.raw).toBe('HTTP/1.1 200 Connection established\r\n\r\n');
    expect((await connection.readHead()).startLine).toBe('HTTP/1.1 403 No');
  });

  it('takes the tunnel along when it resets it', async () => {
    behaviour = (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\nhello');
      socket.once('data', () => socket.resetAndDestroy());
    };
    await using tunnel = await connectThrough(arena.proxy, 'reset.lab.example:8443');
    expect((await tunnel.connection.readBytes(5)).toString()).toBe('hello');
    await tunnel.connection.send('x');
    await tunnel.connection.readToEnd();
    expect(tunnel.connection.ending).toBe('ECONNRESET');
    expect(await arena.audit.waitFor({ event: 'close', host: 'reset.lab.example' })).toMatchObject({
      reason: 'connection-reset',
      bytesUp: 1,
      bytesDown: 5,
    });
  });

  it('is let go of when the tunnel has ended, though it goes on', async () => {
    behaviour = (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      const drip = setInterval(() => socket.write('x'), 10);
      socket.on('close', () => clearInterval(drip)).on('error', () => undefined);
    };
    const before = upstream.connections.length;
    const { connection } = await connectThrough(arena.proxy, 'drip.lab.example:8443');
    const record = await upstream.connection(before);
    connection.reset();
    await within(record.closed, 'the proxy to let go of it');
  });

  it('is given up when the client goes before it has answered', async () => {
    behaviour = () => undefined;
    const before = upstream.connections.length;
    const connection = await rawConnect(arena.proxy);
    await connection.send('CONNECT gone.lab.example:443 HTTP/1.1\r\nHost: a\r\n\r\n');
    const record = await upstream.connection(before);
    connection.reset();
    await within(record.finished, 'the proxy to let go of it');
    expect(await arena.audit.waitFor({ event: 'close', host: 'gone.lab.example' })).toMatchObject({
      reason: 'client-reset',
      status: 499,
    });
  });
});

describe('an upstream proxy that cannot be trusted', () => {
  it.each([
    ['is signed by nobody we know', 'stranger', 'localhost', 'localhost'],
    ['is for another name', 'test', 'other.example', 'localhost'],
    ['is for the target', 'test', HOST, 'localhost'],
    ['is for a name, where it is asked for by its address', 'test', 'localhost', '127.0.0.1'],
  ])(
    'gets neither a request nor our credentials when its certificate %s',
    async (_what, authority, name, host) => {
      const { keyPem: key, certPem: cert, caPem } = await certificateFor([name], { authority });
      const heard: string[] = [];
      const server = createServer({ key, cert }, (socket) =>
        socket.on('data', (bytes) => heard.push(bytes.toString())).on('error', () => undefined),
      );
      const origin: Origin = untilTestEnds(await listening(server, {}, () => undefined));
      server.on('tlsClientError', () => undefined);
      const other = untilTestEnds(await open(`https://${host}:${origin.port}`));
      for (const refusal of [
        await refusedConnect(other, `${HOST}:443`),
        await refusedGet(other, `http://${HOST}/`),
      ]) {
        expect(refusal).toMatchObject({ status: 502, reason: 'upstream-failed' });
        expect(refusal.event.detail).toMatch(/CERT|SIGNATURE/);
      }
      expect(heard).toEqual([]);
      expect(caPem).toContain('CERTIFICATE');
    },
  );

  it('is not there: 502 for everything, and nothing is reached in another way', async () => {
    const gone = await tcpOrigin(() => undefined);
    await gone.close();
    for (const scheme of ['http', 'https', 'socks5']) {
      const other = untilTestEnds(await open(`${scheme}://${gone.authority}`));
      for (const refuse of [refusedConnect(other, `${HOST}:443`), refusedGet(other, `http://${HOST}/`)]) {
        expect(await refuse).toMatchObject({ status: 502, reason: 'upstream-failed' });
      }
      expect(other.dns.queries).toEqual([]);
    }
  });
});

describe('an upstream SOCKS proxy that means no good', () => {
  const resolve = () => ({ host: '127.0.0.1', port: 1 });

  it('fails with a reason when it refuses our password', async () => {
    const upstream = untilTestEnds(await socksProxy(resolve, { password: 'me:another' }));
    const other = untilTestEnds(await open(upstream.url));
    for (const refuse of [refusedConnect(other, `${HOST}:443`), refusedGet(other, `http://${HOST}/`)]) {
      const { status, reason, body } = await refuse;
      expect([status, reason]).toEqual([502, 'upstream-auth-failed']);
      expect(body).not.toContain('s3cret');
    }
    expect(upstream.targets).toEqual([]);
  });

  it.each([1, 2, 99])('fails with a reason when it answers %i', async (reply) => {
    const upstream = untilTestEnds(await socksProxy(resolve, { password: CREDENTIALS, reply }));
    const other = untilTestEnds(await open(upstream.url));
    expect(await refusedConnect(other, `${HOST}:443`)).toMatchObject({
      status: 502,
      reason: 'upstream-failed',
    });
  });

  it.each([
    ['no SOCKS', 'HTTP/1.1 400 No\r\n\r\n'],
    ['SOCKS4', '\x04\x5a\0\0\0\0\0\0'],
    ['of no method that we offer', '\x05\xff'],
    ['of a method that we did not offer', '\x05\x01'],
  ])('fails with a reason when it speaks %s', async (_what, answer) => {
    const upstream = untilTestEnds(
      await tcpOrigin((socket) => socket.once('data', () => socket.write(answer, 'latin1'))),
    );
    const other = untilTestEnds(await open(`socks5://${upstream.authority}`));
    expect((await refusedConnect(other, `${HOST}:443`)).reason).toBe('upstream-failed');
    await within((await upstream.connection()).finished, 'the proxy to let go of it');
  });

  it('fails with a reason when it says nothing', async () => {
    const upstream = untilTestEnds(await tcpOrigin(() => undefined));
    const other = untilTestEnds(await open(`socks5://${upstream.authority}`));
    expect((await refusedConnect(other, `${HOST}:443`)).reason).toBe('connect-timeout');
  });
});
