import { closeSync, createReadStream, openSync, statSync, writeSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { compile, parseHost, parseWords } from '@paude/allowlist';
import { suggest, UsageCollector, UsageReader } from '@paude/policy';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../support/temporary.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

const HOSTS = 5000;
const GIGABYTE = 1_000_000_000;

/** Two lines as the proxy writes them, for one of many hosts. */
const linesOf = (index: number): string => {
  const facts = {
    id: `k3x9q-${index}`,
    client: '10.0.0.5',
    session: 'review',
    method: 'CONNECT',
    host: `h${index % HOSTS}.example${index % 7}.com`,
    port: index % 11 === 0 ? 8443 : 443,
    decision: 'allow',
  };
  const time = `2031-05-04T12:${String(index % 60).padStart(2, '0')}:00.123Z`;
  const rule = 'h*.example.com';
  const decision = { level: 'info', time, event: 'decision', ...facts, reason: 'allowed-by-rule', rule };
  const end = { reason: 'client-closed', rule, sni: facts.host, status: 200, bytesUp: 812, bytesDown: 5120 };
  const close = { level: 'info', time, event: 'close', ...facts, ...end, durationMs: 1333.1 };
  return `${JSON.stringify(decision)}\n${JSON.stringify(close)}\n`;
};

describe('a log of a gigabyte', () => {
  it('is read as a stream in memory that does not grow with it, and shows all that was used', async () => {
    await using directory = await temporaryDirectory('log');
    const path = directory.join('audit.log');
    // The same hundred thousand requests over and over: what is new in a log are mostly the times.
    const block = Buffer.from(Array.from({ length: 100_000 }, (_, index) => linesOf(index)).join(''));
    const file = openSync(path, 'w');
    for (let size = 0; size < GIGABYTE; size += block.length) writeSync(file, block);
    closeSync(file);

    const collector = new UsageCollector();
    const reader = new UsageReader(collector);
    const heapBytes: number[] = [];
    let read = 0;
    for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 })) {
      reader.push(chunk);
      read += chunk.length;
      if (read >= (heapBytes.length + 1) * 50_000_000) heapBytes.push(liveHeapBytes());
    }
    reader.end();
    const usage = collector.usage();

    const blocks = Math.ceil(GIGABYTE / block.length);
    expect(read).toBe(statSync(path).size);
    expect(usage).toMatchObject({ lines: blocks * 200_000, unreadable: 0, overflow: 0 });
    expect(usage.targets.reduce((sum, { allowed }) => sum + allowed, 0)).toBe(blocks * 100_000);
    expect(usage.targets.reduce((sum, { bytesDown }) => sum + bytesDown, 0)).toBe(blocks * 100_000 * 5120);
    // What is alive at the end is what was alive after the first block, in which every target was seen.
    const early = heapBytes[1] ?? 0;
    const late = Math.min(...heapBytes.slice(-3));
    expect(late - early).toBeLessThan(8_000_000);

    const { words } = suggest(usage, { aliases: false });
    const policy = compile(parseWords(words));
    const isAllowed = usage.targets.every(
      ({ host, port }) => policy.decide(parseHost(host), port).result === 'allow',
    );
    expect(isAllowed).toBe(true);
    expect(words.length).toBeLessThan(usage.targets.length / 10);
  }, 240_000);
});

/** Bytes that are alive once garbage has been collected. */
function liveHeapBytes(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
