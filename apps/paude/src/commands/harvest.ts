import { Command } from 'commander';
import { type OutputFormat, outputOption } from '../allowlist-options.ts';
import type { Io } from '../io.ts';
import { openLazily } from '../session/open-lazily.ts';
import { type BackendFlag, withSession } from '../session/session-options.ts';
import type { OpenSessions } from '../session/sessions.ts';

interface HarvestFlags extends BackendFlag {
  readonly branch?: string;
  readonly pr?: boolean;
  readonly output: OutputFormat;
}

/** `paude harvest`: what the agent has committed, as a branch here. */
export function harvestCommand(io: Io, open: OpenSessions = openLazily): Command {
  return withSession(new Command('harvest'))
    .description('Fetch what the agent has committed into a branch of this repository; nothing is merged.')
    .option('--branch <name>', 'the branch here (default: paude/NAME)')
    .option('--pr', 'push that branch to origin, and open a pull request with gh')
    .addOption(outputOption())
    .action(async (name: string | undefined, flags: HarvestFlags) => {
      const { harvest } = await import('../session/harvest.ts');
      await harvest(name, flags, { sessions: await open(io), io });
    });
}
