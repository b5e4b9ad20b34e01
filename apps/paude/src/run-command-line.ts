import type { Io } from './io.ts';
import { createProgram } from './program.ts';
import { reportFailure } from './report-failure.ts';

/** Runs a command line, `argv` as in `process.argv`. Never rejects. @returns the exit code. */
export async function runCommandLine(argv: readonly string[], io: Io): Promise<number> {
  try {
    await createProgram(io).parseAsync([...argv]);
    return 0;
  } catch (error) {
    return reportFailure(error, io);
  }
}
