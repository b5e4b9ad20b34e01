import { parseHost } from '@paude/allowlist';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../../test/support/deadline.ts';
import { type DnsServer, type DnsZone, dnsServer } from '../../../../test/support/dns-server.ts';
import { untilTestEnds } from '../../../../test/support/teardown.ts';
import { type Resolution, Resolver, type ResolverOptions } from './resolver.ts';

const open: Resolver[] = [];
afterEach(() => {
  for (const resolver of open.splice(0)) resolver.close();
});

async function start(
  zone: DnsZone,
  options: ResolverOptions = {},
): Promise<{ server: DnsServer; resolver: Resolver; resolve: (name: string) => Promise<string> }> {
  const server = untilTestEnds(await dnsServer(zone));
  const resolver = new Resolver({ servers: [server.address], timeoutMs: 1000, ...options });
  open.push(resolver);
  return { server, resolver, resolve: async (name) => said(await resolver.resolve(parseHost(name))) };
}

/** The addresses, or `reason: detail`. */
function said(resolution: Resolution): string {
  return resolution.kind === 'addresses'
    ? resolution.addresses.join(' ')
    : `${resolution.reason}: ${resolution.detail}`;
}

describe('Resolver', () => {
  it('asks for both families and mixes them, IPv6 first', async () => {
    const { server, resolve } = await start({
      'a.test': { a: ['192.0.2.1', '192.0.2.2'], aaaa: ['2001:db8::1', '2001:db8::2', '2001:db8::3'] },
    });
    expect(await resolve('a.test')).toBe('2001:db8::1 192.0.2.1 2001:db8::2 192.0.2.2 2001:db8::3');
    expect(server.queries.map(({ type }) => type).sort()).toEqual(['A', 'AAAA']);
  });

  it('follows aliases, and brings every address to its canonical form', async () => {
    const { resolve } = await start({
      'a.test': { cname: 'b.test' },
      'b.test': { aaaa: ['2001:0db8:0:0:0:0:0:9', '::ffff:192.0.2.9'] },
    });
    expect(await resolve('a.test')).toBe('2001:db8::9 192.0.2.9');
  });

  it.each<[string, DnsZone[string], string]>([
    ['a name that does not exist', 'nxdomain', 'dns-not-found: ENOTFOUND'],
    ['a name without addresses', 'nodata', 'dns-no-address: ENODATA'],
    ['an alias of nothing', { cname: 'gone.test' }, 'dns-not-found: ENOTFOUND'],
    ['an alias of itself', { cname: 'a.test' }, 'dns-no-address: ENODATA'],
    ['a server that fails', 'servfail', 'dns-failed: ESERVFAIL'],
    ['a server that refuses', 'refused', 'dns-failed: EREFUSED'],
    ['an answer that is none', () => Buffer.from('garbage'), 'dns-failed: EBADRESP'],
  ])('says of %s what it is', async (_what, entry, expected) => {
    const { resolve } = await start({ 'a.test': entry });
    expect(await resolve('a.test')).toBe(expected);
  });

  it('gives up after its time when nobody answers', async () => {
    const { server, resolve } = await start({ 'a.test': 'drop' }, { timeoutMs: 300 });
    expect(await resolve('a.test')).toBe('dns-timeout: ETIMEOUT');
    expect(server.queriesFor('a.test').length).toBeGreaterThan(0);
  });

  it('asks again over TCP for an answer that was cut short', async () => {
    const many = Array.from({ length: 120 }, (_, index) => `192.0.2.${index}`);
    const { server, resolve } = await start({
      'a.test': { a: many },
      'b.test': { a: ['192.0.2.5'], truncated: 'udp' },
    });
    expect((await resolve('a.test')).split(' ')).toHaveLength(120);
    expect(await resolve('b.test')).toBe('192.0.2.5');
    expect(server.queriesFor('b.test').some(({ transport }) => transport === 'tcp')).toBe(true);
  });

  it('takes one family when the other fails, and does not wait long for a slow one', async () => {
    const { resolve } = await start(
      { 'a.test': { a: ['192.0.2.1'], delayMs: 0 }, 'slow.test': { aaaa: ['2001:db8::1'] } },
      { timeoutMs: 5000 },
    );
    expect(await resolve('a.test')).toBe('192.0.2.1');
    expect(await resolve('slow.test')).toBe('2001:db8::1');
  });

  it('leaves a family out that does not answer once the other has', async () => {
    const server = untilTestEnds(
      await dnsServer({
        'a.test': (query, packet) => {
          // An answer to the A question; one to the AAAA question that the client cannot match and so ignores.
          const answer = Buffer.from(packet);
          if (query.type === 'AAAA') answer.writeUInt16BE(packet.readUInt16BE(0) ^ 0xffff, 0);
          answer.writeUInt16BE(0x8180, 2);
          answer.writeUInt16BE(1, 6);
          answer.writeUInt16BE(0, 10);
          const question = answer.subarray(0, 12 + query.nameAsSent.length + 2 + 4);
          const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1]);
          return Buffer.concat([question, record]);
        },
      }),
    );
    const resolver = new Resolver({ servers: [server.address], timeoutMs: 4000 });
    open.push(resolver);
    const before = performance.now();
    expect(said(await resolver.resolve(parseHost('a.test')))).toBe('192.0.2.1');
    expect(performance.now() - before).toBeLessThan(2000);
  });

  it('asks once for many who want the same name at a time', async () => {
    const { server, resolve } = await start({ 'a.test': { a: ['192.0.2.1'], delayMs: 30 } });
    const answers = await Promise.all(Array.from({ length: 50 }, () => resolve('a.test')));
    expect(new Set(answers)).toEqual(new Set(['192.0.2.1']));
    expect(server.queriesFor('a.test')).toHaveLength(2);
  });

  it('never asks for localhost or a name under it: they are loopback', async () => {
    const { server, resolve } = await start({ localhost: { a: ['192.0.2.1'] } });
    for (const name of ['localhost', 'LOCALHOST.', 'a.b.localhost']) {
      expect(await resolve(name)).toBe('127.0.0.1 ::1');
    }
    expect(await resolve('notlocalhost')).toBe('dns-not-found: ENOTFOUND');
    expect(server.queriesFor('localhost')).toEqual([]);
  });

  it('never asks for an address or for a name with a static answer', async () => {
    const hosts = new Map([[parseHost('fixed.test'), [parseHost('192.0.2.77'), parseHost('::1')]]]);
    const { server, resolver, resolve } = await start({}, { hosts });
    expect(await resolve('192.0.2.1')).toBe('192.0.2.1');
    expect(await resolve('[2001:db8::1]')).toBe('2001:db8::1');
    expect(await resolve('fixed.test')).toBe('192.0.2.77 ::1');
    expect(resolver.known(parseHost('other.test'))).toBeUndefined();
    expect(server.queries).toEqual([]);
  });

  it('never rejects, also when it is closed in the middle of a lookup', async () => {
    const { server, resolver, resolve } = await start({ 'a.test': 'drop' });
    const pending = resolve('a.test');
    await eventually('the questions', () => server.queriesFor('a.test').length >= 2);
    resolver.close();
    expect(await pending).toBe('dns-timeout: ECANCELLED');
  });
});

describe('the cache of a Resolver', () => {
  it('keeps an answer for its TTL, and asks anew after it', async () => {
    const { server, resolver, resolve } = await start({
      'a.test': [
        { a: ['192.0.2.1'], ttl: 1 },
        { a: ['192.0.2.2'], ttl: 1 },
      ],
    });
    expect(await resolve('a.test')).toBe('192.0.2.1');
    expect(await resolve('A.test')).toBe('192.0.2.1');
    expect(server.queriesFor('a.test')).toHaveLength(2);
    await eventually('the answer to run out', () => resolver.known(parseHost('a.test')) === undefined);
    expect(await resolve('a.test')).toBe('192.0.2.2');
  });

  it('keeps an answer with a TTL of 0 for a moment, so that a burst asks once', async () => {
    const { server, resolve } = await start({ 'a.test': { a: ['192.0.2.1'], ttl: 0 } });
    for (let count = 0; count < 5; count++) await resolve('a.test');
    expect(server.queriesFor('a.test')).toHaveLength(2);
  });

  it.each(['nxdomain', 'nodata', 'servfail'] as const)('remembers %s too, for a while', async (entry) => {
    const { server, resolve } = await start({ 'a.test': entry });
    const first = await resolve('a.test');
    const asked = server.queriesFor('a.test').length;
    expect(await resolve('a.test')).toBe(first);
    expect(server.queriesFor('a.test')).toHaveLength(asked);
  });

  it('forgets names beyond its size', async () => {
    const zone = Object.fromEntries(['a', 'b', 'c'].map((name) => [`${name}.test`, { a: ['192.0.2.1'] }]));
    const { resolver, resolve } = await start(zone, { maxNames: 2 });
    for (const name of Object.keys(zone)) await resolve(name);
    expect(resolver.known(parseHost('a.test'))).toBeUndefined();
    expect(resolver.known(parseHost('c.test'))).toBeDefined();
  });

  it('gives one answer to everybody until it runs out, however the name is bound anew', async () => {
    const { resolver, resolve } = await start({
      'a.test': [
        { a: ['192.0.2.1'], ttl: 0 },
        { a: ['127.0.0.1'], ttl: 0 },
      ],
    });
    const answers = [await resolve('a.test'), await resolve('a.test')];
    expect(answers).toEqual(['192.0.2.1', '192.0.2.1']);
    await eventually('the answer to run out', () => resolver.known(parseHost('a.test')) === undefined);
    expect(await resolve('a.test')).toBe('127.0.0.1');
  });
});
