import { Command } from 'commander';
import { type OutputFormat, outputOption } from '../allowlist-options.ts';
import { formatColumns } from '../columns.ts';
import type { Io } from '../io.ts';
import { openLazily } from '../session/open-lazily.ts';
import { json } from '../session/session-options.ts';
import type { OpenSessions } from '../session/sessions.ts';

const EXAMPLES = `
Examples:
  paude remote add my-project
  git push paude-my-project main
  git pull paude-my-project main
  paude remote cleanup
`;

/** `paude remote`: sessions as remotes of this repository. */
export function remoteCommand(io: Io, open: OpenSessions = openLazily): Command {
  return new Command('remote')
    .description('Sessions as git remotes of this repository')
    .addHelpText('after', EXAMPLES)
    .addCommand(addCommand(io, open))
    .addCommand(listCommand(io))
    .addCommand(removeCommand(io))
    .addCommand(cleanupCommand(io, open));
}

function addCommand(io: Io, open: OpenSessions): Command {
  return new Command('add')
    .argument('[name]', 'the session (default: the one of this directory, or the only one)')
    .description('Add the remote paude-NAME, and make the repository in the session.')
    .action(async (name: string | undefined) => {
      const [{ findSession }, parts, { setUpRepository }] = await Promise.all([
        import('../session/find-session.ts'),
        remoteParts(io),
        import('../session/push-code.ts'),
      ]);
      const found = await findSession(await open(io), { name }, { action: 'add the remote', io });
      const remote = await parts.addRemote(parts.git, found.name);
      await setUpRepository(parts.git, found);
      io.stdout.write(`Added ${remote}.\n  git push ${remote} BRANCH\n  git pull ${remote} BRANCH\n`);
    });
}

function listCommand(io: Io): Command {
  return new Command('list')
    .description('List the remotes of this repository that are sessions.')
    .addOption(outputOption())
    .action(async ({ output }: { readonly output: OutputFormat }) => {
      const parts = await remoteParts(io);
      const found = await parts.sessionRemotes(parts.git);
      if (output === 'json') return void io.stdout.write(json(found));
      if (found.length === 0) return void io.stdout.write('No remote of this repository is a session.\n');
      io.stdout.write(formatColumns(found.map(({ remote, session }) => [remote, session])));
    });
}

function removeCommand(io: Io): Command {
  return new Command('remove')
    .argument('<name>', 'the session')
    .description('Remove a session’s remote from this repository; the session is not touched.')
    .action(async (name: string) => {
      const parts = await remoteParts(io);
      const wasThere = await parts.removeRemote(parts.git, name);
      io.stdout.write(wasThere ? `Removed paude-${name}.\n` : `${name} was no remote of this repository.\n`);
    });
}

function cleanupCommand(io: Io, open: OpenSessions): Command {
  return new Command('cleanup')
    .description('Remove the remotes whose sessions are not there any more.')
    .action(async () => {
      const [{ listSessions }, parts] = await Promise.all([
        import('../session/find-session.ts'),
        remoteParts(io),
      ]);
      const there = new Set((await listSessions(await open(io))).map(({ name }) => name));
      const gone = (await parts.sessionRemotes(parts.git)).filter(({ session }) => !there.has(session));
      for (const { remote, session } of gone) {
        await parts.removeRemote(parts.git, session);
        io.stdout.write(`Removed ${remote}.\n`);
      }
      if (gone.length === 0) io.stdout.write('Every remote has its session.\n');
    });
}

async function remoteParts(io: Io) {
  const [{ HostGit }, { addRemote, removeRemote, sessionRemotes }] = await Promise.all([
    import('../session/host-git.ts'),
    import('../session/git-remotes.ts'),
  ]);
  return { git: new HostGit(io), addRemote, removeRemote, sessionRemotes };
}
