import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/deadline.ts';
import { echoOrigin, silentOrigin, type TcpOrigin } from '../support/origins.ts';
import { connectThrough } from '../support/proxy-client.ts';
import { rawConnect } from '../support/raw-client.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { type Arena, openArena, refusalOf, refusedConnect } from './arena.ts';
import { DENIED, expectRefused, HOST, openPlainLab, type PlainLab, requestTo } from './plain-lab.ts';

const basic = (text: string) => `Proxy-Authorization: Basic ${Buffer.from(text).toString('base64')}`;

describe('a proxy that asks for credentials', () => {
  let lab: PlainLab;
  beforeAll(async () => {
    const other = await openPlainLab();
    const users = await other.arena.directory.write('users', 'agent:s3cret\nother:a:b\n');
    lab = await openPlainLab({ flags: ['--users-file', users] });
    await other[Symbol.asyncDispose]();
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  const WRONG: readonly (readonly [string, readonly string[], string])[] = [
    ['none', [], 'auth-required'],
    ['Authorization instead', [basic('agent:s3cret').replace('Proxy-', '')], 'auth-required'],
    ['an empty field', ['Proxy-Authorization:'], 'auth-failed'],
    ['a scheme alone', ['Proxy-Authorization: Basic'], 'auth-failed'],
    ['another scheme', ['Proxy-Authorization: Bearer s3cret'], 'auth-failed'],
    ['no base64', ['Proxy-Authorization: Basic agent:s3cret'], 'auth-failed'],
    ['a wrong password', [basic('agent:wrong')], 'auth-failed'],
    ['no password', [basic('agent:')], 'auth-failed'],
    ['no colon', [basic('agent')], 'auth-failed'],
    ['a password and more', [basic('agent:s3cret\n')], 'auth-failed'],
    ['a wrong name', [basic('nobody:s3cret')], 'auth-failed'],
    ['another’s password', [basic('other:s3cret')], 'auth-failed'],
    ['a name in capitals', [basic('AGENT:s3cret')], 'auth-failed'],
  ];

  it.each(WRONG)('refuses %s before it looks at the target, by CONNECT', async (_what, fields, reason) => {
    for (const target of [lab.authority, `${DENIED}:443`, 'odd%00:1']) {
      const refusal = await refusedConnect(lab.arena, target, [['Host', 'a'], ...fields]);
      expect([refusal.status, refusal.reason]).toEqual([407, reason]);
    }
    expect(lab.arena.dns.queries).toEqual([]);
  });

  it.each(WRONG)('refuses %s by GET, and says how to ask', async (_what, fields, reason) => {
    await using connection = await rawConnect(lab.arena.proxy);
    await connection.send(requestTo(lab, fields));
    const response = await connection.readResponse();
    expect(response.head.get('proxy-authenticate')).toBe('Basic realm="paude", charset="UTF-8"');
    const refusal = await refusalOf(lab.arena, response);
    expect([refusal.status, refusal.reason]).toEqual([407, reason]);
    expect(lab.origin.requests).toEqual([]);
  });

  it('lets the right ones in, names them in the log, and keeps them to itself', async () => {
    const mine = 'Authorization: Basic bWluZQ==';
    await using connection = await rawConnect(lab.arena.proxy);
    await connection.send(requestTo(lab, [basic('other:a:b'), mine, 'Connection: Authorization-Info']));
    expect((await connection.readResponse()).status).toBe(200);
    const { head } = await lab.origin.request(0);
    expect(head.raw).not.toMatch(/proxy-/i);
    expect(head.get('authorization')).toBe('Basic bWluZQ==');
    expect(await lab.arena.audit.waitFor({ event: 'decision', decision: 'allow' })).toMatchObject({
      session: 'other',
    });
    expect(JSON.stringify(lab.arena.audit.events())).not.toContain('s3cret');
    await using tunnel = await connectThrough(lab.arena.proxy, lab.authority, [
      ['Host', 'a'],
      basic('agent:s3cret'),
    ]);
    expect(tunnel.status).toBe(200);
  });

  it('asks again on each request of a connection', async () => {
    await using connection = await rawConnect(lab.arena.proxy);
    await connection.send(requestTo(lab, [basic('agent:s3cret')]));
    expect((await connection.readResponse()).status).toBe(200);
    await connection.send(requestTo(lab));
    expect((await connection.readResponse()).status).toBe(407);
  });
});

describe('a proxy for certain clients', () => {
  let arena: Arena;
  beforeAll(async () => {
    arena = await openArena({ words: ['all'], flags: ['--client', '127.0.0.2/32', '--client', '::1/128'] });
  });
  afterAll(() => arena[Symbol.asyncDispose]());

  it('refuses others as they connect, before they say a word', async () => {
    await using connection = await rawConnect(arena.proxy);
    const refusal = await refusalOf(arena, await connection.readResponse());
    expect([refusal.status, refusal.reason]).toEqual([403, 'client-not-allowed']);
    expect(refusal.event).toMatchObject({ client: '127.0.0.1', host: '' });
    await connection.readToEnd();
  });

  it('serves those', async () => {
    await using connection = await rawConnect({ port: arena.proxy.port, localAddress: '127.0.0.2' });
    await connection.send('CONNECT 10.0.0.1:443 HTTP/1.1\r\nHost: a\r\n\r\n');
    expect((await refusalOf(arena, await connection.readResponse())).reason).toBe('address-not-allowed');
  });
});

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

describe('a refusal', () => {
  it('is the same for a denied host and for one that does not exist: what is denied is not looked up', async () => {
    const lab = untilTestEnds(await openPlainLab());
    for (const host of [DENIED, 'no-such-name.lab.example', 'secret-data.exfiltration.example']) {
      const connect = await refusedConnect(lab.arena, `${host}:443`);
      expect([connect.status, connect.reason]).toEqual([403, 'not-listed']);
      await expectRefused(lab, `GET http://${host}/ HTTP/1.1\r\nHost: a\r\n\r\n`, {
        status: 403,
        reason: 'not-listed',
      });
    }
    const questions = lab.arena.dns.queries.filter(({ name }) => name !== HOST);
    expect(questions).toEqual([]);
  });
});
