import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { authorityWithKey, certificateFor } from '../support/certificates.ts';
import { haveCommand } from '../support/commands.ts';
import { INTERCEPT_PEERS, type InterceptPeer, type InterceptSetup } from './intercept-peers.ts';
import { waitForPort } from './measure-peer.ts';
import { compileRequestLoad, type RequestFigures, type RequestMode, runRequestLoad } from './request-load.ts';
import { pinned } from './tunnel-load.ts';

/** What is measured of one peer: requests over kept connections, over fresh ones, and one at a time. */
export interface InterceptResult {
  readonly name: string;
  readonly kept: RequestFigures;
  readonly fresh: RequestFigures;
  /** One connection, one request at a time: what the proxy adds to a request that meets no other. */
  readonly alone: RequestFigures;
}

export interface InterceptStage {
  readonly originPort: number;
  readonly proxyPort: number;
  readonly seconds: number;
  readonly progress: (text: string) => void;
}

const CONNECTIONS = 32;

/** Every peer in turn, no proxy first. */
export async function measureInterception(stage: InterceptStage): Promise<{
  readonly results: readonly InterceptResult[];
  readonly missing: readonly string[];
}> {
  if (!haveCommand('go')) return { results: [], missing: ['interception: the load is written in Go'] };
  const { originPort, proxyPort, progress, seconds } = stage;
  const directory = mkdtempSync(join(tmpdir(), 'paude-bench-'));
  // squid reads its authorities as a user of its own.
  chmodSync(directory, 0o755);
  const program = compileRequestLoad(directory);
  const target = `127.0.0.1:${originPort}`;
  const files = await writeCertificates(directory);
  const [command, words] = pinned(1, [program, 'origin', target, files.certificate, files.key]);
  const origin = spawn(command, words, { stdio: 'ignore' });
  const results: InterceptResult[] = [];
  try {
    await waitForPort(originPort, origin, 'the origin');
    const measure = async (name: string, proxy: string): Promise<InterceptResult> => {
      const load = (mode: RequestMode, connections: number) =>
        runRequestLoad({ program, mode, proxy, target, connections, seconds });
      // V8 gets faster over its first seconds.
      await load('keep', CONNECTIONS);
      const kept = await load('keep', CONNECTIONS);
      await load('fresh', CONNECTIONS);
      const fresh = await load('fresh', CONNECTIONS);
      return { name, kept, fresh, alone: await load('keep', 1) };
    };
    progress('interception: no proxy');
    results.push(await measure('no proxy', 'direct'));
    for (const peer of INTERCEPT_PEERS.filter(({ absent }) => absent === undefined)) {
      progress(`interception: ${peer.name}`);
      const setup = { port: proxyPort, target, originAuthority: files.authority, ownAuthority: files.own };
      results.push(await withPeer(peer, setup, () => measure(peer.name, `127.0.0.1:${proxyPort}`)));
    }
  } finally {
    origin.kill('SIGTERM');
    if (origin.exitCode === null && origin.signalCode === null) await once(origin, 'exit');
    rmSync(directory, { recursive: true, force: true });
  }
  const missing = INTERCEPT_PEERS.flatMap(({ name, absent }) =>
    absent === undefined ? [] : [`${name}: ${absent}`],
  );
  return { results, missing };
}

async function withPeer<Result>(
  peer: InterceptPeer,
  setup: Omit<InterceptSetup, 'directory'>,
  use: () => Promise<Result>,
): Promise<Result> {
  const directory = mkdtempSync(join(tmpdir(), 'paude-bench-'));
  const { words, env = {} } = peer.command({ ...setup, directory });
  const [command, args] = pinned(0, words);
  const child = spawn(command, args, { stdio: 'ignore', env: { ...process.env, ...env } });
  try {
    await waitForPort(setup.port, child, peer.name);
    return await use();
  } finally {
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) {
      const killer = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await once(child, 'exit');
      clearTimeout(killer);
    }
    await sleep(200);
    rmSync(directory, { recursive: true, force: true });
  }
}

async function writeCertificates(directory: string) {
  const { caPem, certPem, keyPem } = await certificateFor(['127.0.0.1']);
  const own = await authorityWithKey('squid');
  const write = (name: string, text: string) => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };
  return {
    authority: write('authority.pem', caPem),
    certificate: write('origin.pem', certPem),
    key: write('origin.key', keyPem),
    own: write('own.pem', `${own.keyPem}\n${own.certPem}\n`),
  };
}
