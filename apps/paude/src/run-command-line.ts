import type { Command } from 'commander';
import type { Io } from './io.ts';
import { reportFailure } from './report-failure.ts';

/** Runs a command line, `argv` as in `process.argv`. Never rejects. @returns the exit code. */
export async function runCommandLine(argv: readonly string[], io: Io): Promise<number> {
  try {
    const program = await programFor(argv, io);
    // Without a word it says what sessions there are.
    await program.parseAsync(argv.length <= 2 ? [...argv, 'list'] : [...argv]);
    return 0;
  } catch (error) {
    return reportFailure(error, io);
  }
}

/** What other commands are made of takes longer to load than a short command takes to run. */
async function programFor(argv: readonly string[], io: Io): Promise<Command> {
  if (argv[2] !== 'run') return (await import('./program.ts')).createProgram(io);
  const [{ rootCommand }, { runCommand }] = await Promise.all([
    import('./root-command.ts'),
    import('./commands/run.ts'),
  ]);
  return rootCommand(io, [runCommand(io)]);
}
