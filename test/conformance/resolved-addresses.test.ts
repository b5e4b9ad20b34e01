import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientHello } from '../support/client-hello.ts';
import { eventually } from '../support/deadline.ts';
import type { DnsZone } from '../support/dns-server.ts';
import { rawHttpOrigin, rawResponse, type TcpOrigin, tcpOrigin } from '../support/origins.ts';
import { connectThrough, getThrough } from '../support/proxy-client.ts';
import { rawConnect } from '../support/raw-client.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { type Arena, asked, openArena, refusedConnect, refusedGet } from './arena.ts';

/** May be dialled, and does listen. */
const GOOD = '127.0.0.2';
/** Listens too, on the same port, and may not be dialled. */
const BAD = '127.0.0.3';

let arena: Arena;
let good: TcpOrigin;
let bad: TcpOrigin;

const zone: DnsZone = {
  'good.lab.example': { a: [GOOD] },
  'private.lab.example': { a: [BAD] },
  'several.lab.example': { a: [BAD, '10.0.0.1', '192.168.0.1'] },
  'ten.lab.example': { a: ['10.1.2.3'] },
  'metadata.lab.example': { a: ['169.254.169.254'] },
  'metadata6.lab.example': { aaaa: ['fd00:ec2::254'] },
  'loopback6.lab.example': { aaaa: ['::1'] },
  'mapped.lab.example': { aaaa: [`::ffff:${BAD}`] },
  'compatible.lab.example': { aaaa: [`::${BAD}`] },
  'nat64.lab.example': { aaaa: [`64:ff9b::${BAD}`] },
  'sixtofour.lab.example': { aaaa: ['2002:7f00:3::1'] },
  'teredo.lab.example': { aaaa: ['2001:0:7f00:3::'] },
  'zero.lab.example': { a: ['0.0.0.0'] },
  'unspecified.lab.example': { aaaa: ['::'] },
  'alias.lab.example': { cname: 'private.lab.example' },
  'far-alias.lab.example': { cname: 'alias.lab.example' },
  'alias-out.lab.example': { cname: 'private.elsewhere' },
  'private.elsewhere': { a: [BAD] },
  'mixed.lab.example': { a: [BAD, GOOD] },
  'mixed-last.lab.example': { a: [GOOD, BAD] },
  'mixed-families.lab.example': { a: [GOOD], aaaa: ['::1', 'fd00:ec2::254', `::ffff:${BAD}`] },
  'own.lab.example': { a: ['127.0.0.1'] },
  localhost: { a: ['127.0.0.1'], aaaa: ['::1'] },
  'own6.lab.example': { aaaa: ['::1'] },
  'own-other.lab.example': { a: ['127.9.9.9'] },
};

beforeAll(async () => {
  bad = await tcpOrigin((socket) => socket.end('bad'), { host: BAD });
  good = await rawHttpOrigin(undefined, { host: GOOD, port: bad.port });
  arena = await openArena({
    words: ['.lab.example:*', '!denied.lab.example'],
    allowPrivate: [`${GOOD}/32`],
    zone,
  });
});

afterAll(async () => {
  expect(bad.connections).toHaveLength(0);
  await Promise.all([arena[Symbol.asyncDispose](), good.close(), bad.close()]);
});

const PRIVATE = [
  ['private.lab.example', BAD],
  ['several.lab.example', BAD],
  ['ten.lab.example', '10.1.2.3'],
  ['metadata.lab.example', '169.254.169.254'],
  ['metadata6.lab.example', 'fd00:ec2::254'],
  ['loopback6.lab.example', '::1'],
  ['mapped.lab.example', BAD],
  ['compatible.lab.example', '::7f00:3'],
  ['nat64.lab.example', '64:ff9b::7f00:3'],
  ['sixtofour.lab.example', '2002:7f00:3::1'],
  ['teredo.lab.example', '2001:0:7f00:3::'],
  ['zero.lab.example', '0.0.0.0'],
  ['unspecified.lab.example', '::'],
  ['alias.lab.example', BAD],
  ['far-alias.lab.example', BAD],
  ['alias-out.lab.example', BAD],
] as const;

describe('an allowed name that leads to an address that is no public one is refused', () => {
  it.each(PRIVATE)('CONNECT %s', async (name, address) => {
    const refusal = await refusedConnect(arena, `${name}:${bad.port}`);
    expect([refusal.status, refusal.reason]).toEqual([403, 'address-not-allowed']);
    expect(refusal.event).toMatchObject({ host: name, rule: '.lab.example:*', decision: 'deny' });
    expect(refusal.event.address).toBe(address);
  });

  it.each(PRIVATE)('GET http://%s', async (name, address) => {
    const refusal = await refusedGet(arena, `http://${name}:${bad.port}/`);
    expect([refusal.status, refusal.reason]).toEqual([403, 'address-not-allowed']);
    expect(refusal.event.address).toBe(address);
  });

  it('the address may not be told from the message alone: the body names it too, for the owner', async () => {
    expect((await refusedConnect(arena, `ten.lab.example:${bad.port}`)).body).toContain(
      '10.1.2.3 is private use',
    );
  });
});

describe('of a mixed answer, the address that may not be dialled is not', () => {
  it.each(['mixed.lab.example', 'mixed-last.lab.example', 'mixed-families.lab.example'])(
    'CONNECT %s',
    async (name) => {
      const before = good.connections.length;
      await using tunnel = await connectThrough(arena.proxy, `${name}:${bad.port}`);
      expect(tunnel.status).toBe(200);
      expect(good.connections).toHaveLength(before + 1);
      expect(arena.audit.events({ event: 'decision', host: name })[0]?.address).toBe(GOOD);
    },
  );

  it('GET http://mixed.lab.example', async () => {
    expect((await getThrough(arena.proxy, `http://mixed.lab.example:${bad.port}/`)).status).toBe(200);
  });

  it('also when the good one is gone: nothing falls back to the bad one', async () => {
    const gone = await tcpOrigin(() => undefined, { host: GOOD });
    const listening = await tcpOrigin((socket) => socket.end(), { host: BAD, port: gone.port });
    await gone.close();
    const refusal = await refusedConnect(arena, `mixed.lab.example:${gone.port}`);
    expect([refusal.status, refusal.reason]).toEqual([502, 'connect-refused']);
    expect(listening.connections).toHaveLength(0);
    await listening.close();
  });
});

describe('a name that is bound anew', () => {
  it('is checked with each new answer: the address that is dialled is the one that was checked', async () => {
    arena.dns.set('rebind.lab.example', [
      { a: [GOOD], ttl: 0 },
      { a: [BAD], ttl: 0 },
    ]);
    const before = good.connections.length;
    await using tunnel = await connectThrough(arena.proxy, `rebind.lab.example:${bad.port}`);
    expect(tunnel.status).toBe(200);
    expect(good.connections).toHaveLength(before + 1);
    // One question a family: nothing was looked up a second time between check and dial.
    expect(asked(arena, 'rebind.lab.example')).toBe(2);
    const refusal = await eventually('the second answer', async () => {
      await using again = await connectThrough(arena.proxy, `rebind.lab.example:${bad.port}`);
      return again.status === 200 ? undefined : again;
    });
    expect(refusal.body).toContain('Reason: address-not-allowed');
  });

  it('is checked when its answers change with every question', async () => {
    const turns = Array.from({ length: 40 }, (_, turn) => ({ a: [turn % 2 === 0 ? BAD : GOOD], ttl: 0 }));
    arena.dns.set('flip.lab.example', turns);
    const statuses = await Promise.all(
      Array.from({ length: 20 }, async () => {
        await using result = await connectThrough(arena.proxy, `flip.lab.example:${bad.port}`);
        return result.status;
      }),
    );
    expect(new Set(statuses)).toEqual(new Set([403]));
  });
});

describe('a connection to a target that is kept', () => {
  it('is used again only while its address is among those that were checked for this request', async () => {
    const first = untilTestEnds(await rawHttpOrigin(undefined, { host: '127.9.8.7' }));
    const second = untilTestEnds(await rawHttpOrigin(undefined, { host: GOOD, port: first.port }));
    const both = untilTestEnds(
      await openArena({
        rules: '- { allow: kept.lab.example, ports: "*" }',
        allowPrivate: ['127.0.0.0/8'],
        zone: { 'kept.lab.example': [{ a: ['127.9.8.7'], ttl: 1 }, { a: ['127.9.8.7', GOOD] }] },
      }),
    );
    await using connection = await rawConnect(both.proxy);
    const ask = async () => {
      await connection.send(`GET http://kept.lab.example:${first.port}/ HTTP/1.1\r\nHost: a\r\n\r\n`);
      return (await connection.readResponse()).status;
    };
    expect(await ask()).toBe(200);
    expect([first.requests.length, second.requests.length]).toEqual([1, 0]);
    await both.directory.write(
      'allowlist.yaml',
      '- { allow: kept.lab.example, ports: "*" }\n- "!127.9.0.0/16"\n',
    );
    await both.proxy.waitForEvent({ event: 'policy-changed' });
    await eventually('the new answer', async () => (await ask()) === 200);
    expect([first.requests.length, second.requests.length]).toEqual([1, 1]);
    await both.audit.waitFor({ event: 'close', host: 'kept.lab.example', address: GOOD });
  });
});

describe('what is asked of DNS', () => {
  it('is the target’s name in its canonical form, and no other name that a client or target writes', async () => {
    const name = 'asked.lab.example';
    const elsewhere = 'secret-data.exfiltration.example';
    const answer = [
      `Location: http://${elsewhere}/`,
      `Alt-Svc: h2="${elsewhere}:443"`,
      `Link: <//${elsewhere}>`,
    ];
    const origin = untilTestEnds(await rawHttpOrigin(rawResponse('', '302 Found', answer), { host: GOOD }));
    arena.dns.set(name, { a: [GOOD] });
    const before = arena.dns.queries.length;
    await getThrough(
      arena.proxy,
      `http://ASKED.Lab.example.:${origin.port}/${elsewhere}?http://${elsewhere}/`,
      [
        ...[
          'Host',
          'Referer',
          'Origin',
          'From',
          'X-Forwarded-Host',
          'Forwarded',
          'Via',
          'X-Original-URL',
        ].map((field) => [field, `1.1 ${elsewhere}`] as const),
      ],
    );
    await using tunnel = await connectThrough(arena.proxy, `${name}:${origin.port}`, [['Host', elsewhere]]);
    await tunnel.connection.send(clientHello({ serverNames: [elsewhere] }));
    await tunnel.connection.readToEnd();
    await refusedConnect(arena, `${elsewhere}:443`);
    await refusedConnect(arena, `denied.lab.example:443`);
    expect(
      arena.dns.queries
        .slice(before)
        .map((query) => `${query.nameAsSent.toLowerCase()} ${query.type}`)
        .sort(),
    ).toEqual([`${name} A`, `${name} AAAA`]);
  });
});

describe('the proxy’s own doors', () => {
  let loose: Arena;
  const addressesNow = () =>
    Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .filter(({ internal, scopeid }) => !internal && !scopeid)
      .map(({ address }) => (address.includes(':') ? `[${address}]` : address));
  const own = addressesNow();

  beforeAll(async () => {
    const allowPrivate = ['127.0.0.0/8', '::1/128', ...own.map((address) => address.replace(/^\[|\]$/g, ''))];
    loose = await openArena({ words: ['all'], allowPrivate, zone });
  });
  afterAll(() => loose[Symbol.asyncDispose]());

  const hosts = ['127.0.0.1', '127.0.0.9', '127.255.255.254', '[::1]', '[::ffff:127.0.0.1]', 'localhost'];
  const names = ['own.lab.example', 'own6.lab.example', 'own-other.lab.example'];
  const expectOwn = async (host: string) => {
    const decisions = () => loose.audit.events({ event: 'decision' }).length;
    for (const port of [loose.proxy.port, loose.proxy.adminPort ?? 0]) {
      const before = decisions();
      const refusal = await refusedConnect(loose, `${host}:${port}`);
      expect([refusal.status, refusal.reason]).toEqual([403, 'own-address']);
      expect(decisions()).toBe(before + 1);
    }
  };

  it.each([...hosts, ...names])('CONNECT %s leads neither to the proxy nor to its admin port', expectOwn);

  it('nor does any other address of this machine', async () => {
    // Networks of containers come and go meanwhile.
    for (const address of own) if (addressesNow().includes(address)) await expectOwn(address);
  });

  it.each([...hosts, ...names])('GET http://%s leads to neither', async (host) => {
    for (const [port, path] of [
      [loose.proxy.port, '/'],
      [loose.proxy.adminPort, '/policy'],
    ] as const) {
      const refusal = await refusedGet(loose, `http://${host}:${port}${path}`, [['Host', 'localhost']]);
      expect([refusal.status, refusal.reason]).toEqual([403, 'own-address']);
    }
  });

  it('are known by their port alone: another port of the same address is somebody else’s', async () => {
    const neighbour = await tcpOrigin((socket) => socket.end('hello'));
    await using tunnel = await connectThrough(loose.proxy, `own.lab.example:${neighbour.port}`);
    expect(tunnel.status).toBe(200);
    await neighbour.close();
  });
});
