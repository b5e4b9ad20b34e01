import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { expect } from 'vitest';
import { haveCommand } from '../support/commands.ts';
import { digestOf } from '../support/digest.ts';
import { knownBytes } from '../support/known-bytes.ts';
import { bulkHandler, secureOrigin } from '../support/origins.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { atHttpsPort, credentialLab, STUB, withOrigins } from './lab.ts';

const HOST = 'api.anthropic.com';
const KEY = 'sk-real-0123456789/abcdefghijklmnop';
const GIGABYTE = 1_000_000_000;
/** What a gigabyte may add to the most memory that the proxy ever had: far less than a part of it that is kept. */
const MAX_GROWTH_KB = 50_000;
const TIMEOUT_MS = 150_000;

/** Kilobytes: the most memory that a process has had resident since its start. */
async function peakMemory(pid: number): Promise<number> {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

async function bulkLab(protocol: 'http/1.1' | 'h2') {
  const origin = untilTestEnds(
    await atHttpsPort((place) =>
      secureOrigin(bulkHandler, { names: [HOST], protocols: [protocol], ...place }),
    ),
  );
  const lab = untilTestEnds(
    await credentialLab({ origins: { [HOST]: origin }, secrets: { ANTHROPIC_API_KEY: KEY } }),
  );
  const { environment, home } = lab.session;
  const env = { PATH: process.env.PATH, HOME: home.path, ...environment };
  /** curl with a pipe on either side, so that nothing on the way could know how long a body is. */
  const curl = (...args: readonly string[]) =>
    spawn('curl', ['--disable', '-sS', '--fail', '-H', `x-api-key: ${STUB}`, ...args], {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
  return { origin, curl, proxy: lab.proxy };
}

const curlTest = withOrigins(...(haveCommand('curl') ? [] : ['curl']));

for (const [protocol, direction] of [
  ['h2', 'up'],
  ['http/1.1', 'down'],
] as const) {
  curlTest.test(
    `a gigabyte ${direction}stream streams through unchanged, in memory that stays flat (${protocol})`,
    async () => {
      const { origin, curl, proxy } = await bulkLab(protocol);
      const up = async (count: number) => {
        const bytes = knownBytes(count);
        const running = curl('--upload-file', '-', `https://${HOST}/upload`);
        const [answer] = await Promise.all([text(running.stdout), pipeline(bytes.stream(), running.stdin)]);
        expect(JSON.parse(answer)).toEqual({ bytes: count, sha256: bytes.sha256 });
        const put = await proxy.waitForEvent({ event: 'close', method: 'PUT', bytesUp: count });
        expect(put).toMatchObject({ status: 200, reason: 'finished' });
      };
      const down = async (count: number) => {
        const running = curl(`https://${HOST}/bytes/${count}`);
        const { sha256 } = knownBytes(count);
        expect(await digestOf(running.stdout)).toEqual({ bytes: count, sha256 });
        const got = await proxy.waitForEvent({ event: 'close', method: 'GET', bytesDown: count });
        expect(got).toMatchObject({ status: 200, reason: 'finished' });
      };
      // What the first of them need to run at speed is no part of what a large one costs.
      await up(GIGABYTE / 10);
      await down(GIGABYTE / 10);
      const before = await peakMemory(proxy.pid);
      await (direction === 'up' ? up : down)(GIGABYTE);
      expect((await peakMemory(proxy.pid)) - before).toBeLessThan(MAX_GROWTH_KB);
      expect(origin.requests.map(({ headers }) => headers['x-api-key'])).toEqual([KEY, KEY, KEY]);
    },
    TIMEOUT_MS,
  );
}
