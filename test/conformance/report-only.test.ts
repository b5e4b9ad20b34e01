import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientHello } from '../support/client-hello.ts';
import { within } from '../support/deadline.ts';
import { echoOrigin, type RawHttpOrigin, rawHttpOrigin, type TcpOrigin } from '../support/origins.ts';
import { connectThrough, getThrough } from '../support/proxy-client.ts';
import { rawConnect } from '../support/raw-client.ts';
import { type Arena, openArena, refusalOf, refusedConnect, refusedGet } from './arena.ts';

const loopback = { a: ['127.0.0.1'] };
let echo: TcpOrigin;
let origin: RawHttpOrigin;
beforeAll(async () => {
  [echo, origin] = await Promise.all([echoOrigin(), rawHttpOrigin()]);
});
afterAll(() => Promise.all([echo.close(), origin.close()]));

describe('report-only', () => {
  let arena: Arena;
  beforeAll(async () => {
    arena = await openArena({
      words: ['a.lab.example:*', '!no.lab.example'],
      flags: ['--report-only'],
      allowPrivate: ['127.0.0.1/32'],
      zone: {
        'a.lab.example': loopback,
        'unlisted.lab.example': loopback,
        'no.lab.example': loopback,
        'private.lab.example': { a: ['127.0.0.9'] },
      },
    });
  });
  afterAll(() => arena[Symbol.asyncDispose]());

  it.each([
    ['unlisted.lab.example', 'not-listed'],
    ['no.lab.example', 'denied-by-rule'],
  ])('lets %s through, and says what it would have been', async (host, reason) => {
    await using tunnel = await connectThrough(arena.proxy, `${host}:${echo.port}`);
    expect(tunnel.status).toBe(200);
    expect(await arena.audit.waitFor({ event: 'decision', host })).toMatchObject({
      decision: 'allow',
      reportOnly: true,
      reason,
    });
  });

  it('lets a wrong server name through, whole, and says so', async () => {
    await using tunnel = await connectThrough(arena.proxy, `a.lab.example:${echo.port}`);
    const hello = clientHello({ serverNames: ['evil.example'] });
    await tunnel.connection.send([hello.subarray(0, 100), hello.subarray(100), 'more']);
    expect(
      (await tunnel.connection.readBytes(hello.length + 4)).subarray(0, hello.length).equals(hello),
    ).toBe(true);
    expect(await arena.audit.waitFor({ reason: 'sni-mismatch' })).toMatchObject({
      decision: 'allow',
      reportOnly: true,
    });
  });

  it('says that plain HTTP on the port of TLS would be refused', async () => {
    const answer = await within(getThrough(arena.proxy, 'http://unlisted.lab.example:443/'), 'an answer');
    expect(answer.status).toBe(502);
    expect(await arena.audit.waitFor({ event: 'decision', port: 443 })).toMatchObject({
      reason: 'not-tls',
      reportOnly: true,
    });
  });

  it('protects private addresses and the proxy’s own doors all the same', async () => {
    expect((await refusedConnect(arena, `private.lab.example:${echo.port}`)).reason).toBe(
      'address-not-allowed',
    );
    expect((await refusedConnect(arena, '169.254.169.254:80')).reason).toBe('address-not-allowed');
    expect((await refusedConnect(arena, `a.lab.example:${arena.proxy.adminPort}`)).reason).toBe(
      'own-address',
    );
  });

  it('lets plain HTTP through, and says what it would have been', async () => {
    expect((await getThrough(arena.proxy, `http://unlisted.lab.example:${origin.port}/`)).status).toBe(200);
    const { id } = await arena.audit.waitFor({ event: 'close', method: 'GET', port: origin.port });
    expect(arena.audit.events({ id })).toMatchObject([
      { decision: 'allow', reason: 'not-listed', reportOnly: true },
      { decision: 'allow', reason: 'finished' },
    ]);
  });

  it('lets a WebSocket handshake through, and says what it would have been', async () => {
    await using connection = await rawConnect(arena.proxy);
    const lines = ['Host: a', 'Connection: Upgrade', 'Upgrade: websocket', '', ''];
    await connection.send([`GET http://no.lab.example:${origin.port}/ws HTTP/1.1`, ...lines].join('\r\n'));
    expect((await connection.readResponse()).status).toBe(200);
    expect(
      await arena.audit.waitFor({ event: 'decision', host: 'no.lab.example', method: 'GET' }),
    ).toMatchObject({ decision: 'allow', reason: 'denied-by-rule', reportOnly: true });
  });

  it('lists what it let through with what was blocked, and tells the two apart', async () => {
    await refusedConnect(arena, `private.lab.example:${echo.port}`);
    const { body } = await getThrough({ port: arena.proxy.adminPort ?? 0 }, '/blocked', ['Host: localhost']);
    const { blocked }: { blocked: readonly Record<string, unknown>[] } = JSON.parse(body);
    const of = (host: string) => blocked.filter((entry) => entry.host === host && entry.port === echo.port);
    expect(of('unlisted.lab.example')).toMatchObject([{ reason: 'not-listed', reportOnly: true }]);
    expect(of('private.lab.example')).toMatchObject([{ reason: 'address-not-allowed', reportOnly: false }]);
    expect(of('a.lab.example')).toMatchObject([{ reason: 'sni-mismatch', reportOnly: true }]);
  });

  it.each([
    ['a target that can be read in two ways', 'CONNECT a.lab.example:443@b:1 HTTP/1.1', 'bad-target'],
    ['a target without a meaning', 'GET ftp://a.lab.example/ HTTP/1.1', 'scheme-not-supported'],
    ['TRACE', 'TRACE http://a.lab.example/ HTTP/1.1', 'method-not-supported'],
    [
      'two lengths',
      'GET http://a.lab.example/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2',
      'bad-request',
    ],
    ['a metadata address', 'GET http://169.254.169.254/latest/ HTTP/1.1', 'address-not-allowed'],
    ['its mapped form', 'CONNECT [::ffff:169.254.169.254]:80 HTTP/1.1', 'address-not-allowed'],
  ])('still refuses %s', async (_what, lines, reason) => {
    await using connection = await rawConnect(arena.proxy);
    await connection.send(`${lines}\r\nHost: a\r\n\r\n`);
    const refusal = await refusalOf(arena, await connection.readResponse());
    expect(refusal.reason).toBe(reason);
    expect(refusal.event).toMatchObject({ decision: 'deny' });
    expect(refusal.event).not.toHaveProperty('reportOnly');
  });

  it('still refuses plain HTTP to its own doors and to private names', async () => {
    const admin = `http://a.lab.example:${arena.proxy.adminPort}/policy`;
    expect((await refusedGet(arena, admin)).reason).toBe('own-address');
    expect((await refusedGet(arena, 'http://private.lab.example/')).reason).toBe('address-not-allowed');
  });
});
