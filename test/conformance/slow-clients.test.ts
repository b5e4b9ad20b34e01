import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, within } from '../support/deadline.ts';
import { rawResponse, type TcpOrigin, tcpOrigin } from '../support/origins.ts';
import { connectThrough } from '../support/proxy-client.ts';
import { type RawConnection, rawConnect } from '../support/raw-client.ts';
import { refusalOf } from './arena.ts';
import { openPlainLab, type PlainLab, requestTo } from './plain-lab.ts';

let lab: PlainLab;
let endless: TcpOrigin;
let deaf: TcpOrigin;
const MEGABYTE = 1_048_576;

beforeAll(async () => {
  lab = await openPlainLab({
    words: ['.lab.example:*'],
    flags: ['--head-timeout', '300ms', '--idle-timeout', '1s'],
  });
  const chunk = Buffer.alloc(MEGABYTE, 'x');
  endless = await tcpOrigin(
    (socket) => {
      socket
        .on('error', () => undefined)
        .once('data', () => {
          const more = () => {
            while (!socket.destroyed && socket.write(chunk));
          };
          socket.on('drain', more).write('HTTP/1.1 200 OK\r\n\r\n');
          more();
        });
    },
    { maxRecordedBytes: 1 },
  );
  deaf = await tcpOrigin((socket) => socket.on('error', () => undefined).pause(), { maxRecordedBytes: 0 });
});
afterAll(() => Promise.all([lab[Symbol.asyncDispose](), endless.close(), deaf.close()]));

/** Sends a byte at a time until the other side ends. */
async function drip(connection: RawConnection): Promise<void> {
  for (let count = 0; count < 200 && connection.ending === 'open'; count++)
    await connection.send(['', 'a'], { delayMs: 30 });
}

const closeOf = (host: string) => lab.arena.audit.waitFor({ event: 'close', host });
const named = (name: string) => {
  lab.arena.dns.set(`${name}.lab.example`, { a: ['127.0.0.1'] });
  return `${name}.lab.example`;
};

describe('a head that comes a byte at a time', () => {
  it.concurrent.each([
    ['a CONNECT', 'CONNECT a.test:443 HTTP/1.1\r\nHost: a\r\nX-A: '],
    ['a GET', 'GET http://a.test/ HTTP/1.1\r\nHost: a\r\nX-A: '],
    ['a target', 'GET http://'],
  ])('has its time as a whole, first on its connection or not: %s', async (_what, bytes) => {
    for (const kept of [false, true]) {
      await using connection = await rawConnect(lab.arena.proxy);
      if (kept) {
        await connection.send(requestTo(lab));
        await connection.readResponse();
      }
      await connection.send(bytes);
      const dripped = drip(connection);
      const refusal = await refusalOf(lab.arena, await connection.readResponse());
      expect([refusal.status, refusal.reason]).toEqual([408, 'request-timeout']);
      await connection.readToEnd();
      await dripped;
    }
    expect(lab.arena.dns.queriesFor('a.test')).toEqual([]);
  });
});

describe('a body', () => {
  it('that comes slowly is given the time it takes', async () => {
    lab.answer(({ body }) => rawResponse(body));
    await using connection = await rawConnect(lab.arena.proxy);
    const body = 'slow but sure '.repeat(4);
    await connection.send(requestTo(lab, [`Content-Length: ${body.length}`], { method: 'POST' }));
    await connection.send([...body], { delayMs: 20 });
    expect((await connection.readResponse()).body.toString()).toBe(body);
    lab.answer();
  });

  it('that stops coming ends its exchange, and the target gets no whole request', async () => {
    const host = named('stops');
    const before = lab.origin.requests.length;
    await using connection = await rawConnect(lab.arena.proxy);
    const head = `POST http://${host}:${lab.origin.port}/ HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n`;
    await connection.send(`${head}half`);
    await connection.readToEnd();
    expect(await closeOf(host)).toMatchObject({ reason: 'idle-timeout', bytesUp: 4 });
    expect(lab.origin.requests).toHaveLength(before);
  });
});

describe('who does not read is not read for', () => {
  /** How much of an endless answer the proxy has taken, once it takes no more. */
  async function taken(): Promise<number> {
    const { socket } = await endless.connection(endless.connections.length - 1);
    let before = -1;
    return eventually('the proxy to take no more', async () => {
      const now = socket.bytesWritten - socket.writableLength;
      const still = now === before;
      before = now;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return still && now;
    });
  }

  it('a client with a plain request: the answer waits at the target, and then ends', async () => {
    const host = named('reads-no-answer');
    await using connection = await rawConnect(lab.arena.proxy);
    connection.socket.pause();
    await connection.send(`GET http://${host}:${endless.port}/ HTTP/1.1\r\nHost: a\r\n\r\n`);
    await eventually('a connection', () => endless.connections.length === 1);
    expect(await taken()).toBeLessThan(40 * MEGABYTE);
    expect(await closeOf(host)).toMatchObject({ reason: 'idle-timeout' });
  });

  it('a client with a tunnel: the bytes wait at the target, and then it ends', async () => {
    const host = named('reads-no-tunnel');
    await using tunnel = await connectThrough(lab.arena.proxy, `${host}:${endless.port}`);
    tunnel.connection.socket.pause();
    await tunnel.connection.send('go');
    await eventually('a connection', () => endless.connections.length === 2);
    expect(await taken()).toBeLessThan(40 * MEGABYTE);
    expect(await closeOf(host)).toMatchObject({ reason: 'idle-timeout' });
  });

  it.each([
    ['a plain request', 'PUT'],
    ['a tunnel', 'CONNECT'],
  ])('a target with %s: the bytes wait at the client, and then it ends', async (_what, method) => {
    const host = named(`target-of-${method.toLowerCase()}`);
    const target = method === 'CONNECT' ? '' : 'http://';
    await using connection = await rawConnect(lab.arena.proxy);
    const { socket } = connection;
    await connection.send(
      `${method} ${target}${host}:${deaf.port} HTTP/1.1\r\nHost: a\r\n${method === 'CONNECT' ? '' : `Content-Length: ${4096 * MEGABYTE}\r\n`}\r\n`,
    );
    if (method === 'CONNECT') await connection.readHead();
    const chunk = Buffer.alloc(MEGABYTE, 'x');
    const more = () => {
      while (!socket.destroyed && socket.write(chunk));
    };
    socket.on('drain', more);
    more();
    expect(await closeOf(host)).toMatchObject({ reason: 'idle-timeout' });
    expect(socket.bytesWritten - socket.writableLength).toBeLessThan(40 * MEGABYTE);
  });
});

describe('a target that does not answer', () => {
  it.concurrent.each([
    ['a plain request', ''],
    ['a WebSocket handshake', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'],
  ])('to %s ends its exchange in time', async (_what, lines) => {
    const host = named(lines === '' ? 'mute-http' : 'mute-web-socket');
    await using connection = await rawConnect(lab.arena.proxy);
    await connection.send(`GET http://${host}:${deaf.port}/ HTTP/1.1\r\nHost: a\r\n${lines}\r\n`);
    await within(connection.readToEnd(), 'an end');
    expect(await closeOf(host)).toMatchObject({ reason: 'idle-timeout', decision: 'allow', status: 499 });
  });
});
