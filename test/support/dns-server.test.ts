import { Resolver } from 'node:dns/promises';
import { encode } from 'dns-packet';
import { expect, test } from 'vitest';
import { type DnsServer, type DnsZone, dnsServer } from './dns-server.ts';
import { untilTestEnds } from './teardown.ts';

const many = Array.from({ length: 200 }, (_, index) => `192.0.2.${index}`);
const zone: DnsZone = {
  'both.test': { a: ['192.0.2.1', '192.0.2.2'], aaaa: ['2001:db8::1'], ttl: 7 },
  'alias.test': { cname: 'middle.test' },
  'middle.test': { cname: 'both.test' },
  'loop.test': { cname: 'loop.test' },
  'dangling.test': { cname: 'gone.test' },
  'empty.test': 'nodata',
  'broken.test': 'servfail',
  'closed.test': 'refused',
  'silent.test': 'drop',
  'slow.test': { a: ['192.0.2.3'], delayMs: 80 },
  'rebind.test': [
    { a: ['192.0.2.4'], ttl: 0 },
    { a: ['127.0.0.1'], ttl: 0 },
  ],
  'huge.test': { a: many },
  'short.test': { a: ['192.0.2.5'], truncated: 'udp' },
  'cut.test': { a: ['192.0.2.6'], truncated: 'always' },
  'odd.test': () => Buffer.from('garbage'),
};

async function start(): Promise<{ server: DnsServer; resolver: Resolver }> {
  const server = untilTestEnds(await dnsServer(zone));
  const resolver = new Resolver({ timeout: 150, tries: 1 });
  resolver.setServers([server.address]);
  return { server, resolver };
}

test('dnsServer() answers both families with their TTL', async () => {
  const { server, resolver } = await start();
  expect(await resolver.resolve4('Both.Test', { ttl: true })).toEqual([
    { address: '192.0.2.1', ttl: 7 },
    { address: '192.0.2.2', ttl: 7 },
  ]);
  expect(await resolver.resolve6('both.test')).toEqual(['2001:db8::1']);
  expect(server.queriesFor('both.test').map(({ type, transport }) => [type, transport])).toEqual([
    ['A', 'udp'],
    ['AAAA', 'udp'],
  ]);
  expect(server.queriesFor('never-asked.test')).toEqual([]);
});

test('dnsServer() follows aliases to their end', async () => {
  const { resolver } = await start();
  expect(await resolver.resolve4('alias.test')).toEqual(['192.0.2.1', '192.0.2.2']);
});

test('dnsServer() ends a loop of aliases; the resolver finds nothing in it, which is no error to it', async () => {
  const { resolver } = await start();
  expect(await resolver.resolve4('loop.test')).toEqual([]);
});

test.each([
  ['dangling.test', 'ENOTFOUND'],
  ['unknown.test', 'ENOTFOUND'],
  ['empty.test', 'ENODATA'],
  ['broken.test', 'ESERVFAIL'],
  ['closed.test', 'EREFUSED'],
  ['silent.test', 'ETIMEOUT'],
  ['odd.test', 'EBADRESP'],
])('dnsServer() fails %s with %s', async (name, code) => {
  const { resolver } = await start();
  await expect(resolver.resolve4(name)).rejects.toMatchObject({ code });
});

test('dnsServer() takes its time when told to', async () => {
  const { resolver } = await start();
  const before = performance.now();
  expect(await resolver.resolve4('slow.test')).toEqual(['192.0.2.3']);
  expect(performance.now() - before).toBeGreaterThan(75);
});

test('dnsServer() changes its answer from query to query, and the last one stays', async () => {
  const { resolver } = await start();
  const answers = [];
  for (let count = 0; count < 3; count++) answers.push(...(await resolver.resolve4('rebind.test')));
  expect(answers).toEqual(['192.0.2.4', '127.0.0.1', '127.0.0.1']);
});

test.each([
  ['huge.test', 200],
  ['short.test', 1],
])('dnsServer() sends the client of %s to TCP', async (name, count) => {
  const { server, resolver } = await start();
  expect(await resolver.resolve4(name)).toHaveLength(count);
  expect(server.queriesFor(name).map(({ transport }) => transport)).toEqual(['udp', 'tcp']);
});

test('dnsServer() can go down and come back, and change its mind', async () => {
  const { server, resolver } = await start();
  server.down = true;
  await expect(resolver.resolve4('both.test')).rejects.toMatchObject({ code: 'ETIMEOUT' });
  server.down = false;
  server.set('both.test', { a: ['192.0.2.9'] });
  expect(await resolver.resolve4('both.test')).toEqual(['192.0.2.9']);
  expect(server.queries).toHaveLength(2);
});

test('an answer of the test’s own can be a packet', async () => {
  const { server, resolver } = await start();
  server.set('own.test', ({ nameAsSent }, packet) =>
    encode({
      type: 'response',
      id: packet.readUInt16BE(),
      questions: [{ type: 'A', name: nameAsSent }],
      answers: [{ type: 'A', name: nameAsSent, data: '192.0.2.77' }],
    }),
  );
  expect(await resolver.resolve4('own.test')).toEqual(['192.0.2.77']);
});
