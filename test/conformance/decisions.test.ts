import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/deadline.ts';
import { echoOrigin, rawHttpOrigin, type TcpOrigin } from '../support/origins.ts';
import { connectThrough } from '../support/proxy-client.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { type Arena, openArena, refusedConnect, refusedGet } from './arena.ts';

let echo: TcpOrigin;
beforeAll(async () => {
  echo = await echoOrigin();
});
afterAll(() => echo.close());

const loopback = { a: ['127.0.0.1'] };
const allowPrivate = ['127.0.0.0/8'];

describe('a deny', () => {
  let arena: Arena;
  beforeAll(async () => {
    const names = ['a', 'x.a', 'b', 'c', 'private', 'cut.d', 'in.e'].map((name) => [
      `${name}.lab.example`,
      loopback,
    ]);
    arena = await openArena({
      words: [
        '!b.lab.example',
        '.lab.example:*',
        'b.lab.example:*',
        '!x.a.lab.example',
        `!c.lab.example:${echo.port}`,
        '!127.9.0.0/16',
        '!**.d.lab.example',
        '!~^in\\.[a-z]\\.lab\\.example$',
      ],
      allowPrivate,
      zone: Object.fromEntries([...names, ['range.lab.example', { a: ['127.9.8.7'] }]]),
    });
  });
  afterAll(() => arena[Symbol.asyncDispose]());

  it.each([
    ['b.lab.example', '!b.lab.example'],
    ['B.LAB.EXAMPLE.', '!b.lab.example'],
    ['x.a.lab.example', '!x.a.lab.example'],
    ['cut.d.lab.example', '!**.d.lab.example'],
    ['in.e.lab.example', '!~^in\\.[a-z]\\.lab\\.example$'],
    ['127.9.1.1', '!127.9.0.0/16'],
    ['[::ffff:127.9.1.1]', '!127.9.0.0/16'],
    ['[64:ff9b::127.9.1.1]', '!127.9.0.0/16'],
    ['[2002:7f09:101::]', '!127.9.0.0/16'],
  ])('wins over every allow, in front of it or behind it: %s', async (host, rule) => {
    for (const refuse of [
      refusedConnect(arena, `${host}:${echo.port}`),
      refusedGet(arena, `http://${host}:${echo.port}/`),
    ]) {
      const { status, reason, event } = await refuse;
      expect([status, reason, event.rule]).toEqual([403, 'denied-by-rule', rule]);
    }
    expect(arena.dns.queries).toEqual([]);
  });

  it('of a range holds for every name that leads there', async () => {
    const refusal = await refusedConnect(arena, `range.lab.example:${echo.port}`);
    expect([refusal.reason, refusal.event.rule, refusal.event.address]).toEqual([
      'denied-by-rule',
      '!127.9.0.0/16',
      '127.9.8.7',
    ]);
  });

  it('of one port leaves the others', async () => {
    expect((await refusedConnect(arena, `c.lab.example:${echo.port}`)).reason).toBe('denied-by-rule');
    const other = untilTestEnds(await echoOrigin());
    await using tunnel = await connectThrough(arena.proxy, `c.lab.example:${other.port}`);
    expect(tunnel.status).toBe(200);
  });
});

describe('an allowlist', () => {
  it('that is empty denies everything', async () => {
    const arena = untilTestEnds(await openArena({ rules: '[]' }));
    for (const target of ['a.lab.example:443', '127.0.0.1:443', 'localhost:80'])
      expect((await refusedConnect(arena, target)).reason).toBe('empty-allowlist');
    expect(arena.dns.queries).toEqual([]);
  });

  it('with an expression that would backtrack decides at once, and serves others meanwhile', async () => {
    const arena = untilTestEnds(
      await openArena({
        words: [
          '~^(a+)+\\.lab\\.example$',
          '~^([a-z0-9-]+\\.?)*x\\.lab\\.example$',
          '~^(a|a|aa)*b\\.lab\\.example$',
          `ok.lab.example:${echo.port}`,
        ],
        allowPrivate,
        zone: { 'ok.lab.example': loopback },
      }),
    );
    // In a backtracking engine each of these takes longer than the universe is old.
    const hostile = [
      `${'a'.repeat(63)}.${'a'.repeat(60)}`,
      `${'a.'.repeat(100)}`,
      `${'a-'.repeat(25)}a.${'a'.repeat(60)}`,
    ];
    const refusals = Array.from({ length: 300 }, (_, index) =>
      refusedConnect(arena, `${hostile[index % 3]}c.lab.example:443`),
    );
    const served = Promise.all(
      Array.from({ length: 30 }, async () => {
        await using tunnel = await connectThrough(arena.proxy, `ok.lab.example:${echo.port}`);
        return tunnel.status;
      }),
    );
    expect(new Set(await served)).toEqual(new Set([200]));
    for (const { reason } of await Promise.all(refusals)) expect(reason).toBe('not-listed');
  });

  it('whose rule expires lets nothing more through, and cuts what is open', async () => {
    const expires = new Date(Date.now() + 4000).toISOString();
    const arena = untilTestEnds(
      await openArena({
        rules: `- { allow: a.lab.example, ports: "*", expires: "${expires}" }\n- { allow: b.lab.example, ports: "*" }`,
        allowPrivate,
        zone: { 'a.lab.example': loopback, 'b.lab.example': loopback },
      }),
    );
    await using mortal = await connectThrough(arena.proxy, `a.lab.example:${echo.port}`);
    await using other = await connectThrough(arena.proxy, `b.lab.example:${echo.port}`);
    expect([mortal.status, other.status]).toEqual([200, 200]);
    await mortal.connection.readToEnd();
    expect(await arena.audit.waitFor({ event: 'close', host: 'a.lab.example' })).toMatchObject({
      reason: 'policy-changed',
    });
    expect((await refusedConnect(arena, `a.lab.example:${echo.port}`)).reason).toBe('rule-expired');
    await other.connection.send('hello');
    expect((await other.connection.readBytes(5)).toString()).toBe('hello');
  });
});

describe('a new allowlist that comes while a request is on its way', () => {
  const zone = { 'slow.lab.example': { ...loopback, delayMs: 700 } };
  const start = async () =>
    untilTestEnds(
      await openArena({ rules: '- { allow: slow.lab.example, ports: "*" }', allowPrivate, zone }),
    );
  const revoke = async (arena: Arena) => {
    await eventually('the question', () => arena.dns.queriesFor('slow.lab.example').length > 0);
    await arena.directory.write('allowlist.yaml', '- other.lab.example');
    await arena.proxy.waitForEvent({ event: 'policy-changed' });
  };

  it('holds for a CONNECT that is being looked up', async () => {
    const arena = await start();
    const refused = refusedConnect(arena, `slow.lab.example:${echo.port}`);
    await revoke(arena);
    expect(await refused).toMatchObject({ status: 403, reason: 'policy-changed' });
  });

  it('holds for a plain request that is being looked up, and the target never sees it', async () => {
    const arena = await start();
    const origin = untilTestEnds(await rawHttpOrigin());
    const refused = refusedGet(arena, `http://slow.lab.example:${origin.port}/`);
    await revoke(arena);
    expect(await refused).toMatchObject({ status: 403, reason: 'policy-changed' });
    expect(origin.connections).toHaveLength(0);
  });
});
