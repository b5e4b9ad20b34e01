import { PaudeError } from '@paude/errors';
import { Command } from 'commander';
import { commandLineError } from '../command-line-error.ts';
import type { Io } from '../io.ts';
import { openLazily } from '../session/open-lazily.ts';
import { type BackendFlag, withSession } from '../session/session-options.ts';
import type { OpenSessions } from '../session/sessions.ts';

interface DeleteFlags extends BackendFlag {
  readonly confirm?: boolean;
  readonly force?: boolean;
}

/** `paude delete`: removes a session and all that is in it. */
export function deleteCommand(io: Io, open: OpenSessions = openLazily): Command {
  return withSession(new Command('delete'))
    .description(
      'Delete a session with its files, its log and its git remote. Nothing of it can be had back.',
    )
    .option('--confirm', 'yes, delete it')
    .option('--force', 'forget one whose backend does not answer, too; what is left of it there stays')
    .action(async (name: string | undefined, { confirm, force, backend }: DeleteFlags) => {
      const [{ findSession }, { inSteps }, { HostGit }, { removeRemote }, sessions] = await Promise.all([
        import('../session/find-session.ts'),
        import('../session/steps.ts'),
        import('../session/host-git.ts'),
        import('../session/git-remotes.ts'),
        open(io),
      ]);
      const choice = { name, backend };
      const found = await findSession(sessions, choice, { action: 'delete the session', io });
      if (confirm !== true)
        throw commandLineError({
          action: 'delete the session',
          input: found.name,
          why: 'nothing of it can be had back',
          remedy: `Write paude delete ${found.name} --confirm`,
        });
      try {
        await inSteps(io, (options) => found.backend.delete(found.name, options));
        io.stdout.write(`Deleted ${found.name}.\n`);
      } catch (error) {
        if (force !== true || !isUnreachable(error)) throw error;
        await sessions.forget(found.backend.name, found.name);
        io.stdout.write(`Forgot ${found.name}; what is left of it where it ran was not touched.\n`);
      }
      await removeRemote(new HostGit(io), found.name);
    });
}

function isUnreachable(error: unknown): boolean {
  return (
    error instanceof PaudeError && (error.code === 'backend-unreachable' || error.code === 'backend-missing')
  );
}
