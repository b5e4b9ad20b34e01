import { PaudeError } from '@paude/errors';
import { CommanderError } from 'commander';
import { fromCommander, isCommandLineError } from './command-line-error.ts';
import type { Io } from './io.ts';
import { wantsColour } from './terminal.ts';

/** What a process of `paude` ends with. */
const EXIT_CODES = { failure: 1, usage: 2, defect: 70 } as const;

/** A failure that has been told on the way; only the exit code is left to give. */
export class ExitCode extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`exit code ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** Tells why a command failed, on standard error. @returns the exit code. */
export function reportFailure(error: unknown, io: Pick<Io, 'stderr' | 'env'>): number {
  if (error instanceof ExitCode) return error.exitCode;
  if (error instanceof CommanderError) {
    // Help and version end as errors, too; help that nobody asked for means that a command is missing.
    if (error.exitCode === 0) return 0;
    if (error.code === 'commander.help') return EXIT_CODES.usage;
    return reportFailure(fromCommander(error), io);
  }
  const label = wantsColour(io.stderr, io.env) ? '\u001b[31merror\u001b[0m' : 'error';
  if (error instanceof PaudeError) {
    io.stderr.write(`${label}: ${error.message}\n`);
    return isCommandLineError(error) ? EXIT_CODES.usage : EXIT_CODES.failure;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  io.stderr.write(`${label}: This is a defect of paude; please report it.\n${text}\n`);
  return EXIT_CODES.defect;
}
