import { expect, it } from 'vitest';
import { eventually } from '../support/deadline.ts';
import { echoOrigin } from '../support/origins.ts';
import { connectThrough } from '../support/proxy-client.ts';
import { startProxy } from '../support/proxy-process.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const RELOADS = 20;
const WORKERS = 16;

it('reloads large allowlists under load: every request is answered by one list or the other, none hangs', async () => {
  const echo = untilTestEnds(await echoOrigin());
  const directory = untilTestEnds(await temporaryDirectory('reload'));
  const filler = Array.from({ length: 20_000 }, (_, index) => `.filler-${index}.example.org`);
  const listOf = (extra: readonly string[]) => JSON.stringify({ rules: [...filler, ...extra] });
  const always = `127.0.0.1:${echo.port}`;
  const sometimes = `sometimes.test:${echo.port}`;
  const allowlist = await directory.write('allowlist.json', listOf([always, sometimes]));
  const flags = [
    '--allowlist',
    allowlist,
    '--allow-private',
    '127.0.0.1/32',
    '--host',
    'sometimes.test=127.0.0.1',
  ];
  const proxy = untilTestEnds(await startProxy([...flags, '--client-rate', '1000000']));
  const staying = untilTestEnds(await connectThrough(proxy, always));

  let running = true;
  const changes = (count: number) =>
    eventually('the new list', () => proxy.events({ event: 'policy-changed' }).length >= count, {
      timeoutMs: 15_000,
    });
  const statuses = new Map<string, number>();
  const work = async (authority: string) => {
    for (let count = 0; running && count < 20_000; count++) {
      await using tunnel = await connectThrough(proxy, authority);
      const key = `${authority} ${tunnel.status}`;
      statuses.set(key, (statuses.get(key) ?? 0) + 1);
      if (tunnel.status !== 200) continue;
      // The tunnel may be cut at any moment by the next list; it then ends, it does not hang.
      await tunnel.connection.send('ping');
      await tunnel.connection.readBytes(4).catch(() => undefined);
    }
  };
  const workers = Array.from({ length: WORKERS }, (_, index) => work(index % 2 === 0 ? always : sometimes));
  for (let reload = 1; reload <= RELOADS; reload++) {
    await directory.write('allowlist.json', listOf(reload % 2 === 1 ? [always] : [always, sometimes]));
    await changes(reload);
  }
  running = false;
  await Promise.all(workers);

  expect([...statuses.keys()].sort()).toEqual(
    [`${always} 200`, `${sometimes} 200`, `${sometimes} 403`].sort(),
  );
  await staying.connection.send('stayed');
  expect((await staying.connection.readBytes(6)).toString()).toBe('stayed');

  // After the last change nothing of the old list is left.
  await directory.write('allowlist.json', listOf([always]));
  await changes(RELOADS + 1);
  expect((await connectThrough(proxy, sometimes)).status).toBe(403);

  await directory.write('allowlist.json', '{"rules": ["*.com"]}');
  const failure = await proxy.waitForEvent({ event: 'policy-reload-failed' });
  expect(failure).toMatchObject({ level: 'error', code: 'pattern-invalid' });
  expect((await connectThrough(proxy, sometimes)).status).toBe(403);
  expect((await connectThrough(proxy, always)).status).toBe(200);
}, 90_000);
