import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireComponent } from '../support/components.ts';
import { eventually } from '../support/deadline.ts';
import { echoOrigin, rawHttpOrigin, rawResponse, silentOrigin, type TcpOrigin } from '../support/origins.ts';
import { runProcess } from '../support/processes.ts';
import { connectThrough } from '../support/proxy-client.ts';
import { rawConnect } from '../support/raw-client.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { type Arena, openArena, refusalOf, refusedConnect } from './arena.ts';
import { HOST } from './plain-lab.ts';

describe('limits on one client', () => {
  it('on its rate: 429 with a time to wait', async () => {
    const arena = untilTestEnds(await openArena({ words: ['all'], flags: ['--client-rate', '2'] }));
    const reasons: string[] = [];
    for (let count = 0; count < 6; count++)
      reasons.push((await refusedConnect(arena, '10.0.0.1:443')).reason);
    expect(reasons.slice(0, 4)).toEqual(Array(4).fill('address-not-allowed'));
    expect(reasons.at(-1)).toBe('rate-limited');
    await using other = await rawConnect({ port: arena.proxy.port, localAddress: '127.0.0.3' });
    await other.send('CONNECT 10.0.0.1:443 HTTP/1.1\r\nHost: a\r\n\r\n');
    expect((await refusalOf(arena, await other.readResponse())).reason).toBe('address-not-allowed');
    const { status, head } = await connectThrough(arena.proxy, '10.0.0.1:443');
    expect([status, head.get('retry-after')]).toEqual([429, '1']);
  });

  it('on its rate: each request of a kept connection counts, also a WebSocket handshake', async () => {
    const arena = untilTestEnds(await openArena({ words: ['all'], flags: ['--client-rate', '2'] }));
    const ask = 'GET http://10.0.0.1/ HTTP/1.1\r\nHost: a\r\n';
    await using connection = await rawConnect(arena.proxy);
    await connection.send(`${ask}\r\n`.repeat(6));
    const statuses: number[] = [];
    while (statuses.length < 6) statuses.push((await connection.readResponse()).status);
    expect(statuses).toEqual([403, 403, 403, 403, 429, 429]);
    await connection.send(`${ask}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
    expect(await refusalOf(arena, await connection.readResponse())).toMatchObject({
      status: 429,
      reason: 'rate-limited',
    });
    expect(arena.audit.events({ reason: 'rate-limited', method: 'GET' })).toHaveLength(3);
  });

  it('on its connections: 503 until one is closed', async () => {
    const arena = untilTestEnds(await openArena({ words: ['all'], flags: ['--client-connections', '3'] }));
    const open = await Promise.all(Array.from({ length: 2 }, () => rawConnect(arena.proxy)));
    await using third = await rawConnect(arena.proxy);
    await using fourth = await rawConnect(arena.proxy);
    // The stream of audit events does not count: it comes to the admin port.
    expect((await refusalOf(arena, await fourth.readResponse())).reason).toBe('too-many-connections');
    fourth.end();
    for (const connection of open) connection.socket.destroy();
    await eventually('a free place', async () => {
      await using again = await rawConnect(arena.proxy);
      await again.send('CONNECT 10.0.0.1:443 HTTP/1.1\r\nHost: a\r\n\r\n');
      return (await again.readResponse()).status === 403;
    });
    expect(third.ending).toBe('open');
  });
});

describe('limits on the whole', () => {
  let arena: Arena;
  let echo: TcpOrigin;
  let silent: TcpOrigin;
  beforeAll(async () => {
    [echo, silent] = await Promise.all([echoOrigin(), silentOrigin()]);
    arena = await openArena({
      words: [`${HOST}:*`],
      allowPrivate: ['127.0.0.1/32'],
      zone: { [HOST]: { a: ['127.0.0.1'], delayMs: 50, ttl: 1 } },
      flags: ['--max-tunnels', '2', '--head-timeout', '300ms'],
    });
  });
  afterAll(() => Promise.all([arena[Symbol.asyncDispose](), echo.close(), silent.close()]));

  it('on tunnels: 503, also when many come at once, and those that are open go on', async () => {
    const results = await Promise.all(
      Array.from({ length: 12 }, () => connectThrough(arena.proxy, `${HOST}:${echo.port}`)),
    );
    const tunnels = results.filter(({ status }) => status === 200);
    expect(tunnels).toHaveLength(2);
    for (const { status, body } of results) {
      if (status !== 200) expect(body).toContain('Reason: too-many-tunnels');
    }
    for (const { connection } of tunnels) {
      await connection.send('hello');
      expect((await connection.readBytes(5)).toString()).toBe('hello');
    }
    for (const { connection } of results) connection.socket.destroy();
  });

  it('on plain requests: 503, also when one connection sends many at once', async () => {
    await eventually('the tunnels to be gone', async () => {
      await using free = await connectThrough(arena.proxy, `${HOST}:${echo.port}`);
      return free.status === 200;
    });
    const ask = `GET http://${HOST}:${silent.port}/ HTTP/1.1\r\nHost: a\r\n\r\n`;
    const before = silent.connections.length;
    await using connection = await rawConnect(arena.proxy);
    await connection.send(ask.repeat(20));
    await eventually(
      'refusals',
      () => arena.audit.events({ reason: 'too-many-tunnels', method: 'GET' }).length >= 18,
    );
    expect(silent.connections.length - before).toBeLessThanOrEqual(2);
  });

  it.concurrent.each([
    ['nothing', ''],
    ['the start of a CONNECT', 'CONNECT a.test:443 HTTP/1.1\r\nHost: a\r\n'],
    ['the start of a GET', 'GET http://a.test/ HTTP/1.1\r\nHost: a\r\n'],
    ['a letter', 'G'],
  ])('on the time for a head: 408 after %s', async (_what, bytes) => {
    await using connection = await rawConnect(arena.proxy);
    await connection.send(bytes);
    const refusal = await refusalOf(arena, await connection.readResponse());
    expect([refusal.status, refusal.reason]).toEqual([408, 'request-timeout']);
    await connection.readToEnd();
  });

  it('on the time between requests: an idle connection is closed', async () => {
    await using connection = await rawConnect(arena.proxy);
    await connection.send('GET http://10.0.0.1/ HTTP/1.1\r\nHost: a\r\n\r\n');
    expect((await connection.readResponse()).status).toBe(403);
    await connection.readToEnd();
  });

  it.each([
    ['a line of 20 kB', ['X-A: '.padEnd(20_000, 'a')]],
    ['101 fields', Array.from({ length: 101 }, (_, index) => `X-${index}: 1`)],
  ])('on the head of a CONNECT: 431 for %s', async (_what, fields) => {
    const refusal = await refusedConnect(arena, `${HOST}:443`, [['Host', 'a'], ...fields]);
    expect([refusal.status, refusal.reason]).toEqual([431, 'headers-too-large']);
  });

  it('on a head without an end: 431 once it is too long', async () => {
    for (const start of [`CONNECT ${'a'.repeat(17_000)}`, `GET http://a.test/${'a'.repeat(17_000)}`]) {
      await using connection = await rawConnect(arena.proxy);
      await connection.send(start);
      expect((await refusalOf(arena, await connection.readResponse())).reason).toBe('headers-too-large');
    }
  });
});

describe('a proxy that is stopping', () => {
  it('answers what it has begun, and serves nothing that comes behind it', async () => {
    const origin = untilTestEnds(await rawHttpOrigin(() => undefined));
    const arena = untilTestEnds(
      await openArena({
        words: [`${HOST}:*`],
        allowPrivate: ['127.0.0.1/32'],
        flags: ['--host', `${HOST}=127.0.0.1`],
      }),
    );
    const ask = `GET http://${HOST}:${origin.port}/ HTTP/1.1\r\nHost: a\r\n\r\n`;
    await using connection = await rawConnect(arena.proxy);
    await connection.send(ask);
    const { socket } = await origin.connection();
    await origin.request();
    arena.proxy.signal('SIGTERM');
    await arena.proxy.waitForEvent({ event: 'stopping' });
    await connection.send(ask);
    await arena.audit.waitFor({ event: 'decision', decision: 'deny', reason: 'shutting-down' });
    socket.write(rawResponse('ok'));
    const { head, body } = await connection.readResponse();
    expect([head.get('connection'), body.toString()]).toEqual(['close', 'ok']);
    expect((await connection.readToEnd()).toString()).toBe('');
    expect(origin.requests).toHaveLength(1);
    expect(await arena.proxy.exited).toMatchObject({ code: 0 });
  });
});

requireComponent('prlimit').describe('a proxy without a free file descriptor', () => {
  it('refuses new work with a reason, keeps old tunnels, and goes on when there are some again', async () => {
    const echo = untilTestEnds(await echoOrigin());
    const arena = untilTestEnds(
      await openArena({
        words: [`${HOST}:*`],
        allowPrivate: ['127.0.0.1/32'],
        flags: ['--host', `${HOST}=127.0.0.1`],
      }),
    );
    const { pid } = arena.proxy;
    const limitTo = (count: number) =>
      runProcess('prlimit', ['--pid', String(pid), `--nofile=${count}:4096`]);
    await using old = await connectThrough(arena.proxy, `${HOST}:${echo.port}`);
    await using waiting = await rawConnect(arena.proxy);
    await waiting.send('GET http://evil.example/ HTTP/1.1\r\nHost: a\r\n\r\n');
    expect((await waiting.readResponse()).status).toBe(403);
    const taken = new Set(readdirSync(`/proc/${pid}/fd`));
    let free = 0;
    while (taken.has(String(free))) free++;
    await limitTo(free);
    await waiting.send(`CONNECT ${HOST}:${echo.port} HTTP/1.1\r\nHost: a\r\n\r\n`);
    const refusal = await refusalOf(arena, await waiting.readResponse());
    expect([refusal.status, refusal.reason]).toEqual([503, 'descriptor-limit']);
    await using late = await rawConnect(arena.proxy);
    expect((await late.readToEnd()).toString()).toBe('');
    await old.connection.send('hello');
    expect((await old.connection.readBytes(5)).toString()).toBe('hello');
    expect(echo.connections).toHaveLength(1);
    await limitTo(4096);
    await using again = await connectThrough(arena.proxy, `${HOST}:${echo.port}`);
    expect(again.status).toBe(200);
  });
});
