import { expect, it } from 'vitest';
import { clientHello } from '../support/client-hello.ts';
import { expectBackToBaseline, resourcesOf } from '../support/leaks.ts';
import { liveMemory, probedProxy } from '../support/live-memory.ts';
import {
  echoOrigin,
  httpOrigin,
  refusingPort,
  resettingOrigin,
  sourceOrigin,
  textHandler,
} from '../support/origins.ts';
import { connectThrough, getThrough } from '../support/proxy-client.ts';
import { startProxy } from '../support/proxy-process.ts';
import { rawConnect } from '../support/raw-client.ts';
import { untilTestEnds } from '../support/teardown.ts';

const SOAK_MS = 20_000;
const WORKERS = 24;

it(
  'gives everything back after a mixed load, and lets nothing through that it must not',
  async () => {
    const echo = untilTestEnds(await echoOrigin());
    const source = untilTestEnds(await sourceOrigin(1_000_000));
    const resets = untilTestEnds(await resettingOrigin({ afterBytes: 1 }));
    const refuses = untilTestEnds(await refusingPort());
    const web = untilTestEnds(await httpOrigin(textHandler('web')));
    const forbidden = untilTestEnds(await echoOrigin());
    const allowed = [echo, source, resets, refuses, web].map(({ port }) => `127.0.0.1:${port}`);
    const words = [...allowed, `tls.test:${echo.port}`];
    const flags = [
      '--allowed-domains',
      words.join(','),
      '--allow-private',
      '127.0.0.1/32',
      '--host',
      'tls.test=127.0.0.1',
    ];
    const limits = [
      '--client-rate',
      '1000000',
      '--client-connections',
      '5000',
      '--dns',
      '127.0.0.1:9',
      '--dns-timeout',
      '200ms',
    ];
    const proxy = untilTestEnds(await startProxy([...flags, ...limits], { program: probedProxy }));

    const kinds: readonly (() => Promise<void>)[] = [
      async () => {
        await using tunnel = await connectThrough(proxy, echo.authority);
        await tunnel.connection.send('ping');
        expect((await tunnel.connection.readBytes(4)).toString()).toBe('ping');
      },
      async () => {
        await using tunnel = await connectThrough(proxy, source.authority);
        expect((await tunnel.connection.readBytes(1_000_000)).length).toBe(1_000_000);
      },
      async () => {
        await using tunnel = await connectThrough(proxy, source.authority);
        await tunnel.connection.readBytes(1000);
        tunnel.connection.reset();
      },
      async () => {
        await using tunnel = await connectThrough(proxy, resets.authority);
        await tunnel.connection.send('x');
        await tunnel.connection.readToEnd().catch(() => undefined);
      },
      async () => {
        await using refused = await connectThrough(proxy, refuses.authority);
        expect(refused.status).toBe(502);
      },
      async () => {
        await using denied = await connectThrough(proxy, forbidden.authority);
        expect(denied.status).toBe(403);
      },
      async () => {
        const response = await getThrough(proxy, `${web.url}/`);
        expect(response.status).toBe(200);
      },
      async () => {
        await using tunnel = await connectThrough(proxy, `tls.test:${echo.port}`);
        await tunnel.connection.send(clientHello({ serverNames: ['other.test'] }));
        const answer = await tunnel.connection.readToEnd().catch(() => tunnel.connection.received);
        // An alert, and nothing that the echo would have sent back.
        expect(answer[0]).toBe(21);
        expect(answer.length).toBe(7);
      },
      async () => {
        await using raw = await rawConnect(proxy);
        await raw.send('CONNECT garbage\r\n\r\n');
        expect((await raw.readToEnd()).toString()).toMatch(/^HTTP\/1\.1 400 /);
      },
    ];
    for (const kind of kinds) await kind();
    const baseline = await resourcesOf(proxy.pid);
    const liveBefore = await liveMemory(proxy);
    const until = Date.now() + SOAK_MS;
    let done = 0;
    await Promise.all(
      Array.from({ length: WORKERS }, async (_, worker) => {
        for (let step = worker; Date.now() < until; step++) {
          await kinds[step % kinds.length]?.();
          done++;
        }
      }),
    );
    expect(done).toBeGreaterThan(1000);
    expect(forbidden.connections).toHaveLength(0);
    await expectBackToBaseline(proxy.pid, baseline, {
      extraDescriptors: 2,
      extraRssBytes: Number.POSITIVE_INFINITY,
    });
    const live = await liveMemory(proxy);
    // Compiled code and caches; tunnels that were kept would be ten times as much.
    expect(live - liveBefore).toBeLessThan(8_000_000);
    expect(proxy.events({ event: 'defect' })).toEqual([]);
    const refusedHello = proxy.events({ event: 'close', reason: 'sni-mismatch' });
    expect(refusedHello.length).toBeGreaterThan(0);
    expect(refusedHello.every((event) => event.bytesUp === 0)).toBe(true);
  },
  SOAK_MS + 60_000,
);
