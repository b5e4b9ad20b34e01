import { spawnSync } from 'node:child_process';
import { runTests } from './run-tests.ts';
import { closingLine, type Tally } from './tally.ts';

/** The one gate: builds, checks, tests, and ends with a line that says how many passed. `npm run check` is the quick half. */
const CHECKS = ['build', 'typecheck', '//#lint', '//#graph', '//#unused'];

/** turbo only runs tasks here: it reports nothing to anybody, and looks for no newer version of itself. */
const QUIET = { TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', TURBO_NO_UPDATE_NOTIFIER: '1' };

function runChecks(): boolean {
  const args = ['run', ...CHECKS, '--continue', '--output-logs=errors-only', '--cache=local:rw'];
  const { status } = spawnSync('turbo', args, { stdio: 'inherit', env: { ...process.env, ...QUIET } });
  return status === 0;
}

function finish(tally: Tally): void {
  const { skipped } = tally;
  if (skipped.length > 0) say(`Skipped:\n${skipped.map((title) => `  ${title}`).join('\n')}\n`);
  say(closingLine(tally));
  process.exitCode = tally.failed === 0 ? 0 : 1;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

if (runChecks()) {
  finish(await runTests({ filters: process.argv.slice(2) }));
} else {
  say('A check failed, so no test was run.');
  finish({ passed: 0, failed: 1, skipped: [] });
}
