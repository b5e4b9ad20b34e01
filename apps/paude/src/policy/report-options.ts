import { PaudeError } from '@paude/errors';
import { policyExitCode, REPORT_FORMATS, type ReportFormat, type ReportOptions } from '@paude/policy';
import { type Command, Option } from 'commander';
import type { Io } from '../io.ts';
import { ExitCode, reportFailure } from '../report-failure.ts';
import { wantsColour } from '../terminal.ts';
import { VERSION } from '../version.ts';

/** The flags of commands that report differences. */
export interface ReportFlags {
  readonly output: ReportFormat;
  readonly exitCode: string;
}

const colour = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[0m`;
const STYLES = {
  high: colour(31),
  medium: colour(33),
  low: colour(36),
  heading: colour(1),
  faint: colour(2),
};

/** Adds `--output` and `--exit-code`. */
export function withReportOptions(command: Command): Command {
  return command
    .optionsGroup('Answer:')
    .addOption(
      new Option('-o, --output <format>', 'how to answer').choices([...REPORT_FORMATS]).default('text'),
    )
    .addOption(
      new Option('--exit-code <true|false>', 'whether a difference makes the exit code 1')
        .choices(['true', 'false'])
        .default('true'),
    );
}

/** How to render for these flags. */
export function reportOptions({ output }: Pick<ReportFlags, 'output'>, io: Io): ReportOptions {
  const styles = wantsColour(io.stdout, io.env) ? { styles: STYLES } : {};
  return { format: output, version: VERSION, ...styles };
}

/**
 * Runs a command that compares: exit code 0 when all is the same, 1 when there are differences, 2 or more when it failed,
 * so that a script can tell the last two apart.
 */
export async function comparing(
  { exitCode }: Pick<ReportFlags, 'exitCode'>,
  io: Io,
  compare: () => Promise<{ readonly same: boolean }>,
): Promise<void> {
  let outcome: { readonly same: boolean };
  try {
    outcome = await compare();
  } catch (error) {
    if (!(error instanceof PaudeError)) throw error;
    reportFailure(error, io);
    throw new ExitCode(policyExitCode({ failed: true }));
  }
  const code = policyExitCode(outcome, { exitCode: exitCode !== 'false' });
  if (code !== 0) throw new ExitCode(code);
}
