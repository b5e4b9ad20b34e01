import { startVitest } from 'vitest/node';
import { type Tally, TallyReporter } from './tally.ts';

/** Which tests to run. */
export interface RunOptions {
  /** Where `vitest.config.ts` and the tests are. @default the working directory */
  readonly root?: string;
  /** Parts of file names; only matching files run. @default all */
  readonly filters?: readonly string[];
}

/** Runs tests and reports them on standard output. */
export async function runTests(options: RunOptions = {}): Promise<Tally> {
  const { root = process.cwd(), filters = [] } = options;
  const reporter = new TallyReporter();
  const vitest = await startVitest('test', [...filters], {
    root,
    watch: false,
    reporters: ['default', reporter],
  });
  await vitest.close();
  // No test file, or a configuration that cannot be used: the run never ended because it never began.
  return reporter.tally ?? { passed: 0, failed: 1, skipped: [] };
}
