import { expect, it } from 'vitest';
import { eventually } from '../support/deadline.ts';
import { echoOrigin } from '../support/origins.ts';
import { connectThrough } from '../support/proxy-client.ts';
import { startProxy } from '../support/proxy-process.ts';
import { rawConnect } from '../support/raw-client.ts';
import { untilTestEnds } from '../support/teardown.ts';

const FLAGS = ['--allowed-domains', '127.0.0.1:*', '--allow-private', '127.0.0.1/32'];

it('ends its clients when it is killed, and serves again on the same port when it is started again', async () => {
  const echo = untilTestEnds(await echoOrigin());
  const first = untilTestEnds(await startProxy(FLAGS));
  const tunnel = untilTestEnds(await connectThrough(first, echo.authority));
  const record = await echo.connection(0);
  await first.kill();
  await tunnel.connection.readToEnd().catch(() => undefined);
  expect(tunnel.connection.ending).not.toBe('open');
  await record.closed;
  const second = untilTestEnds(await startProxy(FLAGS, { listen: `127.0.0.1:${first.port}` }));
  const again = untilTestEnds(await connectThrough(second, echo.authority));
  expect(again.status).toBe(200);
});

it('drains at SIGTERM: refuses what is new, lets what is open end, exits 0', async () => {
  const echo = untilTestEnds(await echoOrigin());
  const proxy = untilTestEnds(await startProxy([...FLAGS, '--drain-timeout', '10s']));
  const tunnel = untilTestEnds(await connectThrough(proxy, echo.authority));
  proxy.signal('SIGTERM');
  await proxy.waitForEvent({ event: 'stopping' });
  await eventually('the proxy to accept no more', async () => {
    try {
      await using late = await rawConnect(proxy);
      await late.readToEnd();
      return false;
    } catch {
      return true;
    }
  });
  await tunnel.connection.send('last words');
  expect((await tunnel.connection.readBytes(10)).toString()).toBe('last words');
  await tunnel.connection.end();
  expect(await proxy.exited).toMatchObject({ code: 0 });
  expect(proxy.events({ event: 'stopped' })).toMatchObject([{ drained: true }]);
  expect(proxy.events({ event: 'close' })).toMatchObject([{ reason: 'client-closed' }]);
});

it('cuts what is still open when the drain is over, and still exits 0', async () => {
  const echo = untilTestEnds(await echoOrigin());
  const proxy = untilTestEnds(await startProxy([...FLAGS, '--drain-timeout', '300ms']));
  const tunnel = untilTestEnds(await connectThrough(proxy, echo.authority));
  proxy.signal('SIGTERM');
  await tunnel.connection.readToEnd().catch(() => undefined);
  expect(tunnel.connection.ending).not.toBe('open');
  expect(await proxy.exited).toMatchObject({ code: 0 });
  expect(proxy.events({ event: 'close' })).toMatchObject([{ reason: 'shutdown' }]);
});
