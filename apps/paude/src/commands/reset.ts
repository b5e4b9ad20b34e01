import { PaudeError } from '@paude/errors';
import { Command } from 'commander';
import { commandLineError } from '../command-line-error.ts';
import type { Io } from '../io.ts';
import { openLazily } from '../session/open-lazily.ts';
import { type BackendFlag, withSession } from '../session/session-options.ts';
import type { OpenSessions } from '../session/sessions.ts';

interface ResetFlags extends BackendFlag {
  readonly confirm?: boolean;
  readonly to: string;
}

/** `paude reset`: the workspace as it was committed, and the agent from the start. */
export function resetCommand(io: Io, open: OpenSessions = openLazily): Command {
  return withSession(new Command('reset'))
    .description('Throw away what is not committed in a session, and start its agent anew.')
    .option('--to <commit>', 'go back to this commit', 'HEAD')
    .option('--confirm', 'yes, throw it away')
    .action(async (name: string | undefined, { to, confirm, backend: only }: ResetFlags) => {
      const [{ findSession }, { inSteps }, { inside, shown }] = await Promise.all([
        import('../session/find-session.ts'),
        import('../session/steps.ts'),
        import('../session/inside.ts'),
      ]);
      const action = 'reset the session';
      const found = await findSession(await open(io), { name, backend: only }, { action, io });
      if (confirm !== true)
        throw commandLineError({
          action,
          input: found.name,
          why: 'what is not committed there is lost',
          remedy: `Write paude reset ${found.name} --confirm`,
        });
      if (to.startsWith('-'))
        throw commandLineError({
          action,
          input: to,
          why: 'it is no commit',
          remedy: 'Write one as in --to HEAD~1',
        });
      const { backend } = found;
      const script = 'git reset --quiet --hard "$1" && git clean --quiet --force -d';
      const { code, stderr } = await inside(backend, found.name, ['sh', '-c', script, 'sh', to]);
      if (code !== 0)
        throw new PaudeError('reset-failed', {
          action,
          input: found.name,
          why: `git ended with ${code} there (${shown(stderr)})`,
          remedy: 'Look at the workspace: paude exec -- git status',
        });
      await inSteps(io, async (options) => {
        await backend.stop(found.name, options);
        await backend.start(found.name, options);
      });
      io.stdout.write(`Reset ${found.name}.\n`);
    });
}
