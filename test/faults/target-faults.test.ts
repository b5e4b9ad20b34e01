import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectBackToBaseline, type ProcessResources, resourcesOf } from '../support/leaks.ts';
import {
  deafOrigin,
  echoOrigin,
  finsFirstOrigin,
  type Origin,
  refusingPort,
  resettingOrigin,
  silentOrigin,
} from '../support/origins.ts';
import { connectThrough } from '../support/proxy-client.ts';
import { type ProxyProcess, startProxy } from '../support/proxy-process.ts';

const ROUNDS = 25;

interface Fault {
  readonly title: string;
  readonly origin: () => Promise<Origin>;
  /** Status of the CONNECT. */
  readonly status: number;
  /** Reason of the close event. */
  readonly reason: string;
}

const FAULTS: readonly Fault[] = [
  { title: 'refuses', origin: refusingPort, status: 502, reason: 'connect-refused' },
  { title: 'never accepts', origin: deafOrigin, status: 504, reason: 'connect-timeout' },
  {
    title: 'resets at once',
    origin: () => resettingOrigin({ afterBytes: 1 }),
    status: 200,
    reason: 'connection-reset',
  },
  {
    title: 'resets in the middle',
    origin: () => resettingOrigin({ afterBytes: 1, before: 'x'.repeat(100_000) }),
    status: 200,
    reason: 'connection-reset',
  },
  { title: 'never answers', origin: silentOrigin, status: 200, reason: 'idle-timeout' },
  { title: 'closes first', origin: () => finsFirstOrigin(), status: 200, reason: 'target-closed' },
];

describe('a target that fails', () => {
  let proxy: ProxyProcess;
  let baseline: ProcessResources;

  beforeAll(async () => {
    const flags = ['--allowed-domains', '127.0.0.1:*', '--allow-private', '127.0.0.1/32'];
    proxy = await startProxy([
      ...flags,
      '--connect-timeout',
      '500ms',
      '--idle-timeout',
      '500ms',
      '--client-connections',
      '5000',
    ]);
    // The first connection loads what later ones need.
    await using echo = await echoOrigin();
    await using tunnel = await connectThrough(proxy, echo.authority);
    expect(tunnel.status).toBe(200);
    await tunnel.connection.end();
    await proxy.waitForEvent({ event: 'close' });
    baseline = await resourcesOf(proxy.pid);
  });

  afterAll(() => proxy.kill());

  it.each(FAULTS)(
    '$title: no client hangs, and the log says why',
    async ({ origin: start, status, reason }) => {
      await using origin = await start();
      const clients = Array.from({ length: ROUNDS }, async () => {
        await using tunnel = await connectThrough(proxy, origin.authority);
        expect(tunnel.status).toBe(status);
        if (status === 200) await tunnel.connection.send('x');
        await tunnel.connection.readToEnd().catch(() => undefined);
        expect(tunnel.connection.ending).not.toBe('open');
      });
      await Promise.all(clients);
      await proxy.waitForEvent((event) => event.event === 'close' && event.port === origin.port);
      const closes = proxy.events((event) => event.event === 'close' && event.port === origin.port);
      expect(new Set(closes.map((event) => event.reason))).toEqual(new Set([reason]));
    },
  );

  it('leaves no descriptor behind, and the proxy serves as before', async () => {
    await expectBackToBaseline(proxy.pid, baseline, { extraDescriptors: 2 });
    await using echo = await echoOrigin();
    await using tunnel = await connectThrough(proxy, echo.authority);
    await tunnel.connection.send('still here');
    expect((await tunnel.connection.readBytes(10)).toString()).toBe('still here');
    expect(proxy.events({ event: 'defect' })).toEqual([]);
  });
});
