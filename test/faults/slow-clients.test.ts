import { expect, it } from 'vitest';
import { expectBackToBaseline, resourcesOf } from '../support/leaks.ts';
import { echoOrigin, sourceOrigin } from '../support/origins.ts';
import { connectThrough } from '../support/proxy-client.ts';
import { startProxy } from '../support/proxy-process.ts';
import { rawConnect } from '../support/raw-client.ts';
import { untilTestEnds } from '../support/teardown.ts';

const SLOW_CLIENTS = 300;
const FLAGS = [
  '--allowed-domains',
  '127.0.0.1:*',
  '--allow-private',
  '127.0.0.1/32',
  '--client-connections',
  '5000',
];

it('serves others while hundreds of clients drip their heads, and closes those in time', async () => {
  const echo = untilTestEnds(await echoOrigin());
  const proxy = untilTestEnds(await startProxy([...FLAGS, '--head-timeout', '2s']));
  const baseline = await resourcesOf(proxy.pid);
  const heads = [
    `CONNECT ${echo.authority} HTTP/1.1\r\nHost: ${echo.authority}\r\nX-Slow: `,
    `GET http://${echo.authority}/ HTTP/1.1\r\nHost: ${echo.authority}\r\nX-Slow: `,
    'C',
    '',
  ];
  const slow = await Promise.all(
    Array.from({ length: SLOW_CLIENTS }, async (_, index) => {
      const connection = untilTestEnds(await rawConnect({ ...proxy, timeoutMs: 15_000 }));
      await connection.send(heads[index % heads.length] ?? '');
      return connection;
    }),
  );
  // Each drip would start an inactivity timer anew; the time that counts is the time for the whole head.
  let dripping = true;
  const drip = async () => {
    for (let round = 0; round < 60 && dripping; round++) {
      await Promise.all(
        slow.map((connection, index) =>
          index % 4 < 2 ? connection.send('a').catch(() => undefined) : undefined,
        ),
      );
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const dripped = drip();

  const quick = await connectThrough(proxy, echo.authority);
  await quick.connection.send('quick');
  expect((await quick.connection.readBytes(5)).toString()).toBe('quick');
  await quick[Symbol.asyncDispose]();

  const answers = await Promise.all(
    slow.map((connection) => connection.readToEnd().catch(() => connection.received)),
  );
  dripping = false;
  await dripped;
  for (const [index, answer] of answers.entries()) {
    if (index % 4 < 2 && answer.length > 0) expect(answer.toString()).toMatch(/^HTTP\/1\.1 408 /);
    expect(slow[index]?.ending).not.toBe('open');
  }
  expect(answers.filter((answer) => answer.toString().startsWith('HTTP/1.1 408 ')).length).toBeGreaterThan(
    SLOW_CLIENTS / 4,
  );
  await expectBackToBaseline(proxy.pid, baseline, { extraDescriptors: 2 });
}, 60_000);

it('holds no more than a little of what a client does not read', async () => {
  const origin = untilTestEnds(await sourceOrigin(1_073_741_824));
  const proxy = untilTestEnds(await startProxy(FLAGS));
  const warm = await connectThrough(proxy, origin.authority);
  warm.connection.socket.destroy();
  const before = await resourcesOf(proxy.pid);
  const readers = await Promise.all(
    Array.from({ length: 50 }, async () => {
      const tunnel = untilTestEnds(await connectThrough(proxy, origin.authority));
      tunnel.connection.socket.pause();
      return tunnel;
    }),
  );
  let rssBytes = 0;
  for (let round = 0; round < 10; round++) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    rssBytes = Math.max(rssBytes, (await resourcesOf(proxy.pid)).rssBytes);
  }
  expect(readers).toHaveLength(50);
  // A chunk of 256 KiB and little else for each: 50 GiB wait behind them.
  expect(rssBytes - before.rssBytes).toBeLessThan(64 * 1_048_576);
}, 30_000);
