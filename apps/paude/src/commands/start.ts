import { Command } from 'commander';
import type { Io } from '../io.ts';
import { openLazily } from '../session/open-lazily.ts';
import { type BackendFlag, withSession } from '../session/session-options.ts';
import type { OpenSessions } from '../session/sessions.ts';

/** `paude start`: starts a session that was stopped, or mends one that is broken. */
export function startCommand(io: Io, open: OpenSessions = openLazily): Command {
  return withSession(new Command('start'))
    .description('Start a session again; its files, its allowlist and its terminal are as they were.')
    .action(async (name: string | undefined, flags: BackendFlag) => {
      const [{ findSession }, { inSteps }, sessions] = await Promise.all([
        import('../session/find-session.ts'),
        import('../session/steps.ts'),
        open(io),
      ]);
      const found = await findSession(sessions, { name, ...flags }, { action: 'start the session', io });
      await inSteps(io, (options) => found.backend.start(found.name, options));
      io.stdout.write(`Started ${found.name}.\n`);
    });
}
