import { open } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { expectBackToBaseline, resourcesOf } from './leaks.ts';
import { echoOrigin } from './origins.ts';
import { rawConnect } from './raw-client.ts';
import { untilTestEnds } from './teardown.ts';

test('resourcesOf() sees descriptors, sockets and memory', async () => {
  const before = await resourcesOf(process.pid);
  const origin = untilTestEnds(await echoOrigin());
  await using _connection = await rawConnect(origin);
  await origin.connection();
  const after = await resourcesOf(process.pid);
  expect(after.sockets - before.sockets).toBe(3);
  expect(after.rssBytes).toBeGreaterThan(10_000_000);
});

test('expectBackToBaseline() waits until all is let go', async () => {
  const baseline = await resourcesOf(process.pid);
  const file = await open('/dev/null');
  setTimeout(() => void file.close(), 150);
  await expectBackToBaseline(process.pid, baseline);
});

test('expectBackToBaseline() tells what is still held', async () => {
  const baseline = await resourcesOf(process.pid);
  await using _file = await open('/dev/null');
  await expect(expectBackToBaseline(process.pid, baseline, { timeoutMs: 150 })).rejects.toThrow(
    /still holds \{"descriptors":\d+.*at first/,
  );
});
