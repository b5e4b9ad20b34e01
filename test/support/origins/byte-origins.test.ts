import { pipeline } from 'node:stream/promises';
import { expect, test } from 'vitest';
import { digestOf } from '../digest.ts';
import { knownBytes } from '../known-bytes.ts';
import { rawConnect } from '../raw-client.ts';
import { untilTestEnds } from '../teardown.ts';
import { bannerOrigin, echoOrigin, sinkOrigin, sourceOrigin } from './byte-origins.ts';

test.each(['127.0.0.1', '127.0.0.2', '::1'])('echoOrigin() on %s sends back what it got', async (host) => {
  const origin = untilTestEnds(await echoOrigin({ host }));
  await using connection = await rawConnect(origin);
  await connection.send('hello');
  connection.end();
  expect((await connection.readToEnd()).toString()).toBe('hello');
  const record = await origin.connection();
  expect(record).toMatchObject({ byteCount: 5, sawFin: true, errorCode: undefined });
  expect(record.received.toString()).toBe('hello');
});

test('bannerOrigin() speaks first', async () => {
  const origin = untilTestEnds(await bannerOrigin('SSH-2.0-x\r\n'));
  await using connection = await rawConnect(origin);
  expect(await connection.readUntil('\r\n')).toBe('SSH-2.0-x\r\n');
});

test('sourceOrigin() and sinkOrigin() agree on bytes and sums', async () => {
  const wanted = knownBytes(3_000_000);
  const source = untilTestEnds(await sourceOrigin(wanted.count));
  const sink = untilTestEnds(await sinkOrigin());
  await using from = await rawConnect(source);
  await using to = await rawConnect(sink);
  expect(await digestOf(from.release())).toEqual({ bytes: wanted.count, sha256: wanted.sha256 });
  await pipeline(wanted.stream(), to.socket);
  expect((await to.readToEnd()).toString()).toBe(`3000000 ${wanted.sha256}\n`);
  expect(sink.transfers).toEqual([{ bytes: 3_000_000, sha256: wanted.sha256 }]);
});

test('an origin that closes cuts what is open', async () => {
  const origin = await echoOrigin();
  await using connection = await rawConnect(origin);
  await origin.connection();
  await origin.close();
  expect((await connection.readToEnd()).length).toBe(0);
  await expect(rawConnect(origin)).rejects.toThrow('ECONNREFUSED');
});
