import { Command } from 'commander';
import { type OutputFormat, outputOption } from '../allowlist-options.ts';
import { commandLineError } from '../command-line-error.ts';
import type { Io } from '../io.ts';
import { openLazily } from '../session/open-lazily.ts';
import { backendOption } from '../session/session-options.ts';
import type { OpenSessions } from '../session/sessions.ts';

interface CleanupFlags {
  readonly idle?: string;
  readonly age?: string;
  readonly dryRun?: boolean;
  readonly confirm?: boolean;
  readonly backend?: string;
  readonly output: OutputFormat;
}

const EXAMPLES = `
Examples:
  paude cleanup --idle 12h
  paude cleanup --idle 12h --age 30d --dry-run
  paude cleanup --age 30d --confirm
`;

/** `paude cleanup`: stops what is idle, deletes what is old. */
export function cleanupCommand(io: Io, open: OpenSessions = openLazily): Command {
  return new Command('cleanup')
    .description('Stop sessions that are idle, and delete stopped ones that are old.')
    .option('--idle <span>', 'stop those in which nothing has happened for so long, as in 12h')
    .option('--age <span>', 'delete those that do not run and were made so long ago, as in 30d')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--confirm', 'yes, delete the old ones')
    .addOption(backendOption('only those of this one (default: of all)'))
    .addOption(outputOption())
    .addHelpText('after', EXAMPLES)
    .action(async ({ idle, age, dryRun, confirm, backend, output }: CleanupFlags) => {
      if (idle === undefined && age === undefined)
        throw commandLineError({
          action: 'clean up',
          why: 'no limit was named',
          remedy: 'Write --idle 12h, --age 30d or both',
        });
      if (age !== undefined && confirm !== true && dryRun !== true)
        throw commandLineError({
          action: 'clean up',
          why: '--age deletes sessions, of which nothing can be had back',
          remedy: 'See what it would delete with --dry-run, then write --confirm',
        });
      const [{ cleanUp, cleanupText }, { parseTimeSpan }, { json }] = await Promise.all([
        import('../session/clean-up.ts'),
        import('../session/time-span.ts'),
        import('../session/session-options.ts'),
      ]);
      const done = await cleanUp(await open(io), {
        idleMs: idle === undefined ? undefined : parseTimeSpan(idle),
        ageMs: age === undefined ? undefined : parseTimeSpan(age),
        isDry: dryRun === true,
        only: backend,
        nowMs: Date.now(),
      });
      io.stdout.write(output === 'json' ? json(done) : cleanupText(done, dryRun === true));
    });
}
