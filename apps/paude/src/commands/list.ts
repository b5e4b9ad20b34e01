import { Command, Option } from 'commander';
import type { Io } from '../io.ts';
import { openLazily } from '../session/open-lazily.ts';
import { backendOption } from '../session/session-options.ts';
import type { OpenSessions } from '../session/sessions.ts';

interface ListFlags {
  readonly backend?: string;
  readonly output: 'text' | 'json' | 'name';
}

/** `paude list`: the sessions that there are. */
export function listCommand(io: Io, open: OpenSessions = openLazily): Command {
  return new Command('list')
    .alias('sessions')
    .description('List the sessions of this machine.')
    .addOption(backendOption('only those of this one (default: of all)'))
    .addOption(
      new Option('-o, --output <format>', 'how to answer').choices(['text', 'json', 'name']).default('text'),
    )
    .action(async ({ backend, output }: ListFlags) => {
      const [{ listSessions }, { listText }, { json }] = await Promise.all([
        import('../session/find-session.ts'),
        import('../session/list-text.ts'),
        import('../session/session-options.ts'),
      ]);
      const found = await listSessions(await open(io), backend);
      if (output === 'json') io.stdout.write(json(found));
      else if (output === 'name') io.stdout.write(found.map(({ name }) => `${name}\n`).join(''));
      else io.stdout.write(listText(found, { nowMs: Date.now(), width: io.stdout.columns }));
    });
}
