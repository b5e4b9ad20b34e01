import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { haveCommand } from '../support/commands.ts';

/** As it is published, and as a checkout has it. */
const PROGRAMS = {
  built: fileURLToPath(new URL('../../apps/paude/dist/main.js', import.meta.url)),
  'from source': fileURLToPath(new URL('../../apps/paude/bin/paude.js', import.meta.url)),
};

/** What the start of a session costs, in milliseconds. */
export interface RunFigures {
  /** `node -e ''`. */
  readonly nodeMs: number;
  /** `paude run -- true`, built and from source, by each maker of sandboxes. */
  readonly makers: readonly { readonly name: string; readonly runMs: number }[];
}

/** Runs each in turn, `rounds` times, after two that warm up what is kept from start to start; the median of each. */
export function measureRun(rounds = 15): RunFigures {
  const home = mkdtempSync(join(tmpdir(), 'paude-bench-run-'));
  const project = join(home, 'project');
  mkdirSync(project);
  const env = { PATH: process.env.PATH, HOME: home };
  const time = (args: readonly string[]) => {
    const before = performance.now();
    const { status, stderr } = spawnSync(process.execPath, args, {
      cwd: project,
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    if (status !== 0) throw new Error(`The bench of paude run failed: ${stderr}`);
    return performance.now() - before;
  };
  const makers = haveCommand('bwrap') ? ['bubblewrap', 'unshare'] : ['unshare'];
  const ways = Object.entries(PROGRAMS).flatMap(([how, program]) =>
    makers.map((maker) => ({ name: `${how}, by ${maker}`, program, maker })),
  );
  const commands = [
    ['-e', ''],
    ...ways.map(({ program, maker }) => [
      program,
      'run',
      '--sandbox',
      maker,
      '--allowed-domains',
      'default',
      '--',
      'true',
    ]),
  ];
  try {
    for (let warm = 0; warm < 2; warm++) commands.forEach(time);
    const rows = Array.from({ length: rounds }, () => commands.map(time));
    const [nodeMs = Number.NaN, ...runs] = commands.map((_, column) =>
      median(rows.map((row) => row[column] ?? Number.NaN)),
    );
    return { nodeMs, makers: ways.map(({ name }, index) => ({ name, runMs: runs[index] ?? Number.NaN })) };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** One line a maker, next to what it is to stay under. */
export function renderRun({ nodeMs, makers }: RunFigures): string {
  const limit = 3 * nodeMs + 150;
  return makers
    .map(
      ({ name, runMs }) =>
        `paude run -- true, ${name}: ${runMs.toFixed(0)} ms (node -e '': ${nodeMs.toFixed(0)} ms; 3 × that + 150 ms: ${limit.toFixed(0)} ms)\n`,
    )
    .join('');
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
