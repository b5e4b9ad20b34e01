import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pinned } from './tunnel-load.ts';

const run = promisify(execFile);
const source = fileURLToPath(new URL('./requestload.go', import.meta.url));

/** Requests over connections that are kept, or each over a connection of its own. */
export type RequestMode = 'keep' | 'fresh';

/** What the load saw of requests over TLS. */
export interface RequestFigures {
  readonly perSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

export interface RequestLoad {
  readonly program: string;
  readonly mode: RequestMode;
  /** `ip:port`, or `direct`. */
  readonly proxy: string;
  readonly target: string;
  readonly connections: number;
  readonly seconds: number;
}

/** Compiles the load and its origin. @returns the program's path. */
export function compileRequestLoad(directory: string): string {
  const program = join(directory, 'requestload');
  execFileSync('go', ['build', '-o', program, source], { stdio: ['ignore', 'inherit', 'inherit'] });
  return program;
}

/** Runs the load on the second core. */
export async function runRequestLoad(load: RequestLoad): Promise<RequestFigures> {
  const { program, mode, proxy, target, connections, seconds } = load;
  const args = ['load', proxy, target, String(connections), String(seconds), mode];
  const [command, words] = pinned(1, [program, ...args]);
  const { stdout } = await run(command, words, { timeout: seconds * 1000 + 60_000 });
  const figures = new Map(
    [...stdout.matchAll(/(\w+)=([\d.]+)/g)].map(([, key = '', value = '']) => [key, Number(value)]),
  );
  if (figures.get('errors') !== 0 || figures.get('done') === 0)
    throw new Error(`The load through ${proxy} met errors: ${stdout}`);
  const figure = (key: string) => figures.get(key) ?? Number.NaN;
  return { perSecond: figure('per_second'), p50Us: figure('p50_us'), p99Us: figure('p99_us') };
}
