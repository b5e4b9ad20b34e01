import { Command } from 'commander';
import { commandLineError } from '../command-line-error.ts';
import type { Io } from '../io.ts';
import { openLazily } from '../session/open-lazily.ts';
import { type BackendFlag, withSession } from '../session/session-options.ts';
import type { OpenSessions } from '../session/sessions.ts';

interface StopFlags extends BackendFlag {
  readonly all?: boolean;
}

/** `paude stop`: stops sessions; nothing of them is lost. */
export function stopCommand(io: Io, open: OpenSessions = openLazily): Command {
  return withSession(new Command('stop'))
    .description('Stop a session; its files, its allowlist and its log are kept.')
    .option('--all', 'stop every session that runs')
    .action(async (name: string | undefined, { all, backend }: StopFlags) => {
      const [{ findSession, listSessions }, { inSteps }, sessions] = await Promise.all([
        import('../session/find-session.ts'),
        import('../session/steps.ts'),
        open(io),
      ]);
      if (all === true && name !== undefined)
        throw commandLineError({
          action: 'stop the session',
          input: name,
          why: '--all means every session',
          remedy: 'Name one, or write --all',
        });
      const found =
        all === true
          ? (await listSessions(sessions, backend))
              .filter(({ state }) => state === 'running')
              .map((session) => ({ name: session.name, backend: sessions.backend(session.backend) }))
          : [await findSession(sessions, { name, backend }, { action: 'stop the session', io })];
      for (const session of found) {
        await inSteps(io, (options) => session.backend.stop(session.name, options));
        io.stdout.write(`Stopped ${session.name}.\n`);
      }
      if (found.length === 0) io.stdout.write('No session runs.\n');
    });
}
