import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { expect } from 'vitest';
import { haveCommand } from '../support/commands.ts';
import { digestOf } from '../support/digest.ts';
import { knownBytes } from '../support/known-bytes.ts';
import { bulkHandler, secureOrigin } from '../support/origins.ts';
import type { ProxyProcess } from '../support/proxy-process.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { atHttpsPort, credentialLab, STUB, withOrigins } from './lab.ts';

const HOST = 'api.anthropic.com';
const KEY = 'sk-real-0123456789/abcdefghijklmnop';
const GIGABYTE = 1_000_000_000;
/** What a gigabyte may add to the most memory that the proxy ever had: far less than a part of it that is kept. */
const MAX_GROWTH_KB = 80_000;
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
  // What the first request loads is no part of what a large one costs.
  const first = curl(`https://${HOST}/bytes/5000000`);
  expect((await digestOf(first.stdout)).bytes).toBe(5_000_000);
  return { origin, curl, proxy: lab.proxy };
}

/** Kilobytes that `work` has added to the peak. */
async function growth({ pid }: ProxyProcess, work: () => Promise<void>): Promise<number> {
  const before = await peakMemory(pid);
  await work();
  return (await peakMemory(pid)) - before;
}

const curlTest = withOrigins(...(haveCommand('curl') ? [] : ['curl']));

for (const [protocol, upload, download] of [
  ['h2', GIGABYTE, GIGABYTE / 10],
  ['http/1.1', GIGABYTE / 10, GIGABYTE],
] as const) {
  const sizes = `${upload} bytes up and ${download} down`;
  curlTest.test(
    `${sizes} stream through unchanged, in memory that stays flat (${protocol})`,
    async () => {
      const { origin, curl, proxy } = await bulkLab(protocol);
      const added = await growth(proxy, async () => {
        const bytes = knownBytes(upload);
        const up = curl('--upload-file', '-', `https://${HOST}/upload`);
        const [answer] = await Promise.all([text(up.stdout), pipeline(bytes.stream(), up.stdin)]);
        expect(JSON.parse(answer)).toEqual({ bytes: upload, sha256: bytes.sha256 });

        const down = curl(`https://${HOST}/bytes/${download}`);
        const { sha256 } = knownBytes(download);
        expect(await digestOf(down.stdout)).toEqual({ bytes: download, sha256 });
      });
      expect(added).toBeLessThan(MAX_GROWTH_KB);
      const put = await proxy.waitForEvent({ event: 'close', method: 'PUT' });
      expect(put).toMatchObject({ status: 200, bytesUp: upload });
      const got = await proxy.waitForEvent({ event: 'close', method: 'GET', bytesDown: download });
      expect(got).toMatchObject({ status: 200, reason: 'finished' });
      expect(origin.requests.map(({ headers }) => headers['x-api-key'])).toEqual([KEY, KEY, KEY]);
    },
    TIMEOUT_MS,
  );
}
