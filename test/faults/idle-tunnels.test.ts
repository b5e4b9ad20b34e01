import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect } from 'vitest';
import { compileLoad } from '../bench/tunnel-load.ts';
import { requireComponent } from '../support/components.ts';
import { eventually } from '../support/deadline.ts';
import { expectBackToBaseline, resourcesOf } from '../support/leaks.ts';
import { liveMemory, probedProxy } from '../support/live-memory.ts';
import { echoOrigin } from '../support/origins.ts';
import { startProcess } from '../support/processes.ts';
import { connectThrough } from '../support/proxy-client.ts';
import { startProxy } from '../support/proxy-process.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary.ts';

const ASKED = 10_000;
const ORIGIN_PORT = 17_101;

/** Two descriptors a tunnel, and some for everything else. */
function tunnelsThatFit(): number {
  const limit = Number(execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }));
  return Math.min(ASKED, Math.floor((limit - 256) / 2));
}

requireComponent('cc').describe('ten thousand idle tunnels', () => {
  let directory: TemporaryDirectory;
  let program: string;

  beforeAll(async () => {
    directory = await temporaryDirectory('idle');
    program = compileLoad(directory.path);
  });

  afterAll(() => directory.remove());

  requireComponent('cc').test(
    'stand as far as the descriptors reach; the rest is refused, others are served, and all is given back',
    async () => {
      const fits = tunnelsThatFit();
      const target = `127.0.0.1:${ORIGIN_PORT}`;
      untilTestEnds(await startProcess(program, ['origin', String(ORIGIN_PORT)], { lifetimeMs: 90_000 }));
      const flags = ['--allowed-domains', '127.0.0.1:*', '--allow-private', '127.0.0.1/32'];
      const limits = ['--client-connections', '20000', '--client-rate', '1000000'];
      const proxy = untilTestEnds(await startProxy([...flags, ...limits], { program: probedProxy }));
      const echo = untilTestEnds(await echoOrigin());
      const early = untilTestEnds(await connectThrough(proxy, echo.authority));
      const baseline = await resourcesOf(proxy.pid);
      const liveBefore = await liveMemory(proxy);

      const load = untilTestEnds(
        await startProcess(program, ['hold', `127.0.0.1:${proxy.port}`, target, String(ASKED), '25'], {
          lifetimeMs: 60_000,
        }),
      );
      const held = await eventually(
        'the tunnels to stand',
        async () => {
          const now = await resourcesOf(proxy.pid);
          return now.sockets >= baseline.sockets + (Math.min(fits, ASKED) - 1) * 2 && now;
        },
        { timeoutMs: 20_000, intervalMs: 250 },
      );
      // Old tunnels live, and each idle one costs little memory.
      await early.connection.send('early');
      expect((await early.connection.readBytes(5)).toString()).toBe('early');
      expect((held.rssBytes - baseline.rssBytes) / fits).toBeLessThan(32_768);
      if (fits < ASKED) {
        const late = untilTestEnds(await connectThrough(proxy, echo.authority));
        expect(late.status).toBe(503);
        expect(late.body.toString()).toContain('Reason: too-many-tunnels');
      }
      const { code } = await load.exited;
      expect(code).toBe(0);
      expect(load.stdout).toMatch(new RegExp(`opened=${fits < ASKED ? fits - 1 : ASKED} `));
      await expectBackToBaseline(proxy.pid, baseline, {
        extraDescriptors: 2,
        extraRssBytes: Number.POSITIVE_INFINITY,
        timeoutMs: 20_000,
      });
      const live = await liveMemory(proxy);
      // Compiled code and caches; tunnels that were kept would be ten times as much.
      expect(live - liveBefore).toBeLessThan(8_000_000);
      await early.connection.send('again');
      expect((await early.connection.readBytes(5)).toString()).toBe('again');
      expect(proxy.events({ event: 'defect' })).toEqual([]);
    },
    90_000,
  );
});
