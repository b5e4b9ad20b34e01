import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { rawConnect } from '../raw-client.ts';
import { untilTestEnds } from '../teardown.ts';
import { deafOrigin } from './deaf-origin.ts';
import { drippingOrigin, resettingOrigin, silentOrigin, unreadingOrigin } from './faulty-origins.ts';
import { answersAfterFinOrigin, finsFirstOrigin } from './half-close-origins.ts';
import { refusingPort } from './refusing-port.ts';

test('resettingOrigin() resets at once, maybe even before the client knows it is connected', async () => {
  const origin = untilTestEnds(await resettingOrigin());
  const outcome = async () => {
    await using connection = await rawConnect(origin);
    await connection.readToEnd();
    return connection.ending;
  };
  expect(await outcome().catch(String)).toContain('ECONNRESET');
});

test('resettingOrigin() resets after so many bytes, having said something', async () => {
  const origin = untilTestEnds(await resettingOrigin({ afterBytes: 4, before: 'hi' }));
  await using connection = await rawConnect(origin);
  await connection.send('abc');
  expect((await connection.readUntilIdle(40)).length).toBe(0);
  expect(connection.ending).toBe('open');
  await connection.send('d');
  await connection.readToEnd();
  expect(connection.ending).toBe('ECONNRESET');
});

test('silentOrigin() reads and says nothing', async () => {
  const origin = untilTestEnds(await silentOrigin());
  await using connection = await rawConnect(origin);
  await connection.send('anyone?');
  expect((await connection.readUntilIdle(50)).length).toBe(0);
  expect((await origin.connection()).received.toString()).toBe('anyone?');
});

test('unreadingOrigin() lets the window fill up', async () => {
  const origin = untilTestEnds(await unreadingOrigin());
  await using connection = await rawConnect(origin);
  for (let count = 0; count < 64; count++) connection.socket.write(Buffer.alloc(1_048_576));
  await sleep(100);
  expect(connection.socket.writableLength).toBeGreaterThan(1_048_576);
});

test('drippingOrigin() sends a byte at a time', async () => {
  const origin = untilTestEnds(await drippingOrigin('abc', { intervalMs: 30 }));
  const start = performance.now();
  await using connection = await rawConnect(origin);
  expect((await connection.readToEnd()).toString()).toBe('abc');
  expect(performance.now() - start).toBeGreaterThan(60);
});

test('answersAfterFinOrigin() can look at what it got', async () => {
  const origin = untilTestEnds(await answersAfterFinOrigin((received) => `${received}!`));
  await using connection = await rawConnect(origin);
  await connection.send('abc');
  connection.end();
  expect((await connection.readToEnd()).toString()).toBe('abc!');
});

test('finsFirstOrigin() goes on reading after its own FIN', async () => {
  const origin = untilTestEnds(await finsFirstOrigin('bye'));
  await using connection = await rawConnect(origin);
  expect((await connection.readToEnd()).toString()).toBe('bye');
  await connection.send('still here');
  connection.end();
  const record = await origin.connection();
  await record.finished;
  expect(record.received.toString()).toBe('still here');
});

test.each(['127.0.0.1', '::1'])('deafOrigin() on %s neither accepts nor refuses', async (host) => {
  const origin = untilTestEnds(await deafOrigin({ host }));
  const socket = createConnection(origin);
  const event = await Promise.race([
    new Promise((resolve) => socket.once('connect', () => resolve('connect'))),
    new Promise((resolve) => socket.once('error', () => resolve('error'))),
    sleep(300, 'nothing'),
  ]);
  socket.destroy();
  expect(event).toBe('nothing');
});

test.each(['127.0.0.1', '::1'])('refusingPort() on %s refuses', async (host) => {
  const origin = untilTestEnds(await refusingPort({ host }));
  await expect(rawConnect(origin)).rejects.toThrow('ECONNREFUSED');
});
