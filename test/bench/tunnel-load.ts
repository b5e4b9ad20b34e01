import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const source = fileURLToPath(new URL('./tunnelload.c', import.meta.url));

/** What the load generator saw. */
export interface LoadFigures {
  readonly opened: number;
  readonly errors: number;
  readonly perSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly mbPerSecond: number;
}

export type LoadMode = 'rate' | 'down' | 'up' | 'hold';

/** Compiles the load generator. @returns its path. */
export function compileLoad(directory: string): string {
  const program = join(directory, 'tunnelload');
  execFileSync('cc', ['-O2', '-Wall', '-Wextra', '-Werror', '-o', program, source]);
  return program;
}

/** A command pinned to one core, so that the proxy has one to itself and the load another. */
export function pinned(core: number, command: readonly string[]): [string, string[]] {
  return ['taskset', ['-c', String(core), ...command]];
}

export interface LoadOptions {
  readonly program: string;
  readonly mode: LoadMode;
  /** `ip:port`, or `direct`. */
  readonly proxy: string;
  readonly target: string;
  readonly connections: number;
  readonly seconds: number;
}

/** Runs the load on the second core. */
export async function runLoad(options: LoadOptions): Promise<LoadFigures> {
  const { program, mode, proxy, target, connections, seconds } = options;
  const [command, words] = pinned(1, [program, mode, proxy, target, String(connections), String(seconds)]);
  const { stdout } = await run(command, words, { timeout: seconds * 1000 + 30_000 });
  const figures = new Map(
    [...stdout.matchAll(/(\w+)=([\d.]+)/g)].map(([, key = '', value = '']) => [key, Number(value)]),
  );
  const figure = (key: string) => figures.get(key) ?? Number.NaN;
  return {
    opened: figure('opened'),
    errors: figure('errors'),
    perSecond: figure('per_second'),
    p50Us: figure('p50_us'),
    p99Us: figure('p99_us'),
    mbPerSecond: figure('mb_per_second'),
  };
}
