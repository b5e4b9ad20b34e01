import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { haveCommand } from '../support/commands.ts';
import { measureInterception } from './measure-interception.ts';
import { measureIdleMemory, measurePeer, type PeerFigures, waitForPort } from './measure-peer.ts';
import { measureDecide, measureReload } from './measure-policy.ts';
import { measureDiff } from './measure-policy-diff.ts';
import { measureRun, renderRun } from './measure-run.ts';
import { findPeers } from './peers.ts';
import { type BenchResult, type PeerResult, renderResult } from './render-result.ts';
import { compileLoad, pinned } from './tunnel-load.ts';

const ORIGIN_PORT = 17_001;
const PROXY_PORT = 17_002;
const TLS_ORIGIN_PORT = 17_003;
const TLS_PROXY_PORT = 17_004;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '6' },
    json: { type: 'string' },
    only: { type: 'string', multiple: true },
  },
});

/** One run on one machine: every peer in turn, several rounds, the median of each figure. */
async function main(): Promise<void> {
  if (values.only?.every((name) => name === 'run') === true) {
    return void process.stdout.write(renderRun(measureRun()));
  }
  for (const program of ['taskset', 'cc']) {
    if (!haveCommand(program))
      throw new Error(`The bench needs ${program}: install util-linux and a C compiler.`);
  }
  if (availableParallelism() < 2)
    throw new Error('The bench needs two cores: one for the proxy, one for the load.');
  const { present, missing } = findPeers();
  const peers =
    values.only === undefined ? present : present.filter(({ name }) => values.only?.includes(name));
  const directory = mkdtempSync(join(tmpdir(), 'paude-bench-'));
  const program = compileLoad(directory);
  const [command, words] = pinned(1, [program, 'origin', String(ORIGIN_PORT)]);
  const origin = spawn(command, words, { stdio: 'ignore' });
  try {
    await waitForPort(ORIGIN_PORT, origin, 'the origin');
    const stage = {
      program,
      target: `127.0.0.1:${ORIGIN_PORT}`,
      port: PROXY_PORT,
      seconds: Number(values.seconds),
    };
    const figures = new Map<string, PeerFigures[]>(peers.map(({ name }) => [name, []]));
    for (let round = 1; round <= Number(values.rounds); round++) {
      for (const peer of peers) {
        progress(`round ${round} of ${values.rounds}: ${peer.name}`);
        figures.get(peer.name)?.push(await measurePeer(peer, stage));
      }
    }
    const results: PeerResult[] = [];
    for (const peer of peers) {
      progress(`idle memory: ${peer.name}`);
      results.push({
        name: peer.name,
        ...medians(figures.get(peer.name) ?? []),
        idleResidentMb: await measureIdleMemory(peer, stage),
      });
    }
    const interception =
      values.only === undefined || values.only.includes('interception')
        ? await measureInterception({
            originPort: TLS_ORIGIN_PORT,
            proxyPort: TLS_PROXY_PORT,
            seconds: Number(values.seconds),
            progress,
          })
        : { results: [], missing: [] };
    progress('policy diff');
    const wantsDiff = values.only === undefined || values.only.includes('policy');
    const diff = wantsDiff ? [measureDiff(10_000)] : [];
    progress('decide() and reload');
    const result: BenchResult = {
      node: process.version,
      cpu: cpus()[0]?.model ?? 'unknown',
      rounds: Number(values.rounds),
      missing: [...missing, ...interception.missing],
      peers: results,
      interception: interception.results,
      decide: [10, 10_000, 1_000_000].map(measureDecide),
      reload: [measureReload(100_000, 'json'), measureReload(100_000, 'yaml')],
      diff,
    };
    progress('');
    process.stdout.write(renderResult(result));
    if (values.only === undefined) process.stdout.write(renderRun(measureRun()));
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(result, null, 2)}\n`);
  } finally {
    origin.kill('SIGTERM');
    if (origin.exitCode === null && origin.signalCode === null) await once(origin, 'exit');
    rmSync(directory, { recursive: true, force: true });
  }
}

function medians(rounds: readonly PeerFigures[]): PeerFigures {
  const median = (key: keyof PeerFigures) => {
    const sorted = rounds.map((round) => round[key]).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  };
  return {
    connectsPerSecond: median('connectsPerSecond'),
    p50Us: median('p50Us'),
    p99Us: median('p99Us'),
    downMbPerSecond: median('downMbPerSecond'),
    upMbPerSecond: median('upMbPerSecond'),
  };
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[2K${text}`);
  else if (text !== '') process.stderr.write(`${text}\n`);
}

await main();
