import { expect, it } from 'vitest';
import { eventually } from '../support/deadline.ts';
import { dnsServer } from '../support/dns-server.ts';
import { echoOrigin } from '../support/origins.ts';
import { connectThrough } from '../support/proxy-client.ts';
import { startProxy } from '../support/proxy-process.ts';
import { untilTestEnds } from '../support/teardown.ts';

it('keeps old tunnels when DNS goes down, refuses new ones in time, and recovers when it is back', async () => {
  const echo = untilTestEnds(await echoOrigin());
  const dns = untilTestEnds(
    await dnsServer({ 'one.test': { a: ['127.0.0.1'], ttl: 1 }, 'two.test': { a: ['127.0.0.1'] } }),
  );
  const rules = ['--allowed-domains', '.test:*', '--allowed-domains', `one.test:*,two.test:*`].slice(2);
  const flags = ['--dns', dns.address, '--dns-timeout', '1s', '--allow-private', '127.0.0.1/32', ...rules];
  const proxy = untilTestEnds(await startProxy(flags));
  const old = untilTestEnds(await connectThrough(proxy, `one.test:${echo.port}`));
  expect(old.status).toBe(200);

  dns.down = true;
  const refused = await connectThrough(proxy, `two.test:${echo.port}`);
  expect([502, 504]).toContain(refused.status);
  expect(refused.body.toString()).toMatch(/could not be looked up/);
  expect(refused.body.toString()).toMatch(/Reason: dns-(timeout|failed)/);
  await old.connection.send('old');
  expect((await old.connection.readBytes(3)).toString()).toBe('old');

  dns.down = false;
  const back = await eventually(
    'the proxy to find the name again',
    async () => {
      const tunnel = await connectThrough(proxy, `two.test:${echo.port}`);
      return tunnel.status === 200 && untilTestEnds(tunnel);
    },
    { timeoutMs: 10_000, intervalMs: 250 },
  );
  await back.connection.send('new');
  expect((await back.connection.readBytes(3)).toString()).toBe('new');
}, 30_000);
