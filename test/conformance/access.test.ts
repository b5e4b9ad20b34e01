import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectThrough } from '../support/proxy-client.ts';
import { rawConnect } from '../support/raw-client.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { type Arena, openArena, refusalOf, refusedConnect } from './arena.ts';
import { DENIED, openPlainLab, type PlainLab, requestTo } from './plain-lab.ts';

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

  it.each(WRONG)('refuses %s with a WebSocket handshake', async (_what, fields, reason) => {
    const before = lab.origin.requests.length;
    await using connection = await rawConnect(lab.arena.proxy);
    await connection.send(requestTo(lab, ['Connection: Upgrade', 'Upgrade: websocket', ...fields]));
    const refusal = await refusalOf(lab.arena, await connection.readResponse());
    expect([refusal.status, refusal.reason]).toEqual([407, reason]);
    expect(lab.origin.requests).toHaveLength(before);
  });

  it('asks by CONNECT as well, in text and in JSON, and says the same of every wrong name and password', async () => {
    const bodies = new Set<string>();
    for (const text of ['agent:wrong', 'nobody:s3cret', 'nobody:']) {
      for (const accept of ['text/plain', 'application/json']) {
        const { head, body } = await connectThrough(lab.arena.proxy, lab.authority, [
          ['Host', 'a'],
          ['Accept', accept],
          basic(text),
        ]);
        expect(head.get('proxy-authenticate')).toBe('Basic realm="paude", charset="UTF-8"');
        bodies.add(body.replace(/[a-z\d]{5}-[a-z\d]+/g, 'ID'));
      }
    }
    expect([...bodies]).toHaveLength(2);
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
    arena = await openArena({ words: ['all'], flags: ['--client', '127.0.0.2/31', '--client', '::1/128'] });
  });
  afterAll(() => arena[Symbol.asyncDispose]());

  const ask = 'CONNECT 10.0.0.1:443 HTTP/1.1\r\nHost: a\r\n\r\n';

  it.each(['127.0.0.1', '127.0.0.4', '127.0.1.2'])(
    'refuses %s as it connects, before it says a word',
    async (localAddress) => {
      await using connection = await rawConnect({ port: arena.proxy.port, localAddress });
      const refusal = await refusalOf(arena, await connection.readResponse());
      expect([refusal.status, refusal.reason]).toEqual([403, 'client-not-allowed']);
      expect(refusal.event).toMatchObject({ client: localAddress, host: '', decision: 'deny' });
      await connection.readToEnd();
    },
  );

  it.each(['127.0.0.2', '127.0.0.3'])('serves %s', async (localAddress) => {
    await using connection = await rawConnect({ port: arena.proxy.port, localAddress });
    await connection.send(ask);
    expect((await refusalOf(arena, await connection.readResponse())).reason).toBe('address-not-allowed');
  });

  it('knows an IPv4 client by its address where it listens on IPv6 as well', async () => {
    const both = untilTestEnds(
      await openArena({ words: ['all'], flags: ['--client', '127.0.0.2/32'], process: { listen: ':0' } }),
    );
    for (const [localAddress, reason] of [
      ['127.0.0.2', 'address-not-allowed'],
      ['127.0.0.1', 'client-not-allowed'],
    ] as const) {
      await using connection = await rawConnect({ port: both.proxy.port, localAddress });
      if (reason === 'address-not-allowed') await connection.send(ask);
      const refusal = await refusalOf(both, await connection.readResponse());
      expect([refusal.reason, refusal.event.client]).toEqual([reason, localAddress]);
    }
    await using six = await rawConnect({ host: '::1', port: both.proxy.port });
    const refusal = await refusalOf(both, await six.readResponse());
    expect([refusal.reason, refusal.event.client]).toEqual(['client-not-allowed', '::1']);
  });

  it('that are named is for the addresses of that name', async () => {
    const named = untilTestEnds(await openArena({ words: ['all'], flags: ['--client', 'localhost'] }));
    for (const [localAddress, reason] of [
      ['127.0.0.1', 'address-not-allowed'],
      ['127.0.0.2', 'client-not-allowed'],
    ] as const) {
      await using connection = await rawConnect({ port: named.proxy.port, localAddress });
      if (reason === 'address-not-allowed') await connection.send(ask);
      expect((await refusalOf(named, await connection.readResponse())).reason).toBe(reason);
    }
  });
});
