import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Peer } from './peers.ts';
import { type LoadFigures, type LoadMode, pinned, runLoad } from './tunnel-load.ts';

/** What is measured of one peer in one round. */
export interface PeerFigures {
  readonly connectsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly downMbPerSecond: number;
  readonly upMbPerSecond: number;
}

export interface Stage {
  readonly program: string;
  /** The origin's `host:port`. */
  readonly target: string;
  readonly port: number;
  /** Seconds a measurement takes. */
  readonly seconds: number;
}

const CONNECTIONS = 32;
const BULK_CONNECTIONS = 8;
export const IDLE_TUNNELS = 4000;

/** Starts the peer anew, warms it up, and measures connect rate and bulk. */
export function measurePeer(peer: Peer, stage: Stage): Promise<PeerFigures> {
  return withPeer(peer, stage, async (load) => {
    // V8 gets faster over its first seconds; squid gains nothing from this.
    await load('rate', CONNECTIONS, stage.seconds);
    const rate = await load('rate', CONNECTIONS, stage.seconds);
    const down = await load('down', BULK_CONNECTIONS, stage.seconds / 2);
    const up = await load('up', BULK_CONNECTIONS, stage.seconds / 2);
    return {
      connectsPerSecond: rate.perSecond,
      p50Us: rate.p50Us,
      p99Us: rate.p99Us,
      downMbPerSecond: down.mbPerSecond,
      upMbPerSecond: up.mbPerSecond,
    };
  });
}

/** Resident memory, in MB, of a fresh peer that holds thousands of idle tunnels. */
export function measureIdleMemory(peer: Peer, stage: Stage): Promise<number> {
  return withPeer(peer, stage, async (load, pid) => {
    const holding = load('hold', IDLE_TUNNELS, 12);
    await sleep(9000);
    const residentMb =
      Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1000;
    const { opened, errors } = await holding;
    if (opened !== IDLE_TUNNELS || errors > 0)
      throw new Error(`${peer.name} opened ${opened} of ${IDLE_TUNNELS} tunnels, ${errors} errors`);
    return residentMb;
  });
}

type Load = (mode: LoadMode, connections: number, seconds: number) => Promise<LoadFigures>;

async function withPeer<Result>(
  peer: Peer,
  stage: Stage,
  use: (load: Load, pid: number) => Promise<Result>,
): Promise<Result> {
  const { program, target, port } = stage;
  const directory = mkdtempSync(join(tmpdir(), 'paude-bench-'));
  const [command, words] = pinned(0, peer.command({ port, target, directory }));
  const child = spawn(command, words, { stdio: 'ignore' });
  try {
    await waitForPort(port, child, peer.name);
    const load: Load = async (mode, connections, seconds) => {
      const figures = await runLoad({
        program,
        mode,
        proxy: `127.0.0.1:${port}`,
        target,
        connections,
        seconds,
      });
      // What the proxy has left to do (sockets to close, log to write) must not count for the next measurement.
      await sleep(500);
      return figures;
    };
    return await use(load, child.pid ?? 0);
  } finally {
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) {
      const killer = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await once(child, 'exit');
      clearTimeout(killer);
    }
    rmSync(directory, { recursive: true, force: true });
  }
}

export async function waitForPort(port: number, child: ChildProcess, name: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (child.exitCode !== null)
      throw new Error(`${name} ended with exit code ${child.exitCode} before it listened`);
    if (await answers(port)) return;
    await sleep(100);
  }
  throw new Error(`${name} did not listen within 10 s`);
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
