import { Command } from 'commander';
import { commandLineError } from '../command-line-error.ts';
import type { Io } from '../io.ts';
import { ExitCode } from '../report-failure.ts';
import { openLazily } from '../session/open-lazily.ts';
import { type BackendFlag, backendOption } from '../session/session-options.ts';
import type { OpenSessions } from '../session/sessions.ts';

interface ExecFlags extends BackendFlag {
  readonly cwd?: string;
  readonly tty?: boolean;
}

const EXAMPLES = `
Examples:
  paude exec -- npm test
  paude exec my-project --tty -- bash
`;

/** `paude exec`: runs a command in a session. */
export function execCommand(io: Io, open: OpenSessions = openLazily): Command {
  return new Command('exec')
    .argument('<words...>', 'the session, and behind -- the command and its arguments')
    .usage('[options] [name] -- <command...>')
    .description('Run a command in a session, with its input, its output and its exit code.')
    .addOption(backendOption())
    .option('--cwd <directory>', 'where to run it (default: the workspace)')
    .option('-t, --tty', 'give it this terminal')
    .addHelpText('after', EXAMPLES)
    .action(async (words: string[], { backend, cwd, tty = false }: ExecFlags, self: Command) => {
      const { name: session, command } = splitCommand(words, self);
      const { findSession } = await import('../session/find-session.ts');
      const choice = { name: session, backend };
      const found = await findSession(await open(io), choice, { action: 'run a command in the session', io });
      const code = await found.backend.exec(found.name, {
        command,
        ...(cwd === undefined ? {} : { cwd }),
        ...(tty
          ? { tty }
          : {
              ...(io.stdin.isTTY === true ? {} : { stdin: io.stdin }),
              stdout: io.stdout,
              stderr: io.stderr,
            }),
      });
      // Nobody reads it any more; what is open would hold this process.
      if (!tty) io.stdin.destroy();
      if (code !== 0) throw new ExitCode(code);
    });
}

/** What stands before `--`, where the session may be named, and what behind. */
function splitCommand(
  words: readonly string[],
  self: Command,
): { readonly name: string | undefined; readonly command: readonly string[] } {
  const raw = rootOf(self).rawArgs;
  const at = raw.indexOf('--');
  const command = at < 0 ? [] : raw.slice(at + 1);
  const [name, ...more] = words.slice(0, words.length - command.length);
  if (command.length > 0 && more.length === 0) return { name, command };
  throw commandLineError({
    action: 'run a command in a session',
    why: command.length === 0 ? 'there is no command behind --' : 'more than one session was named',
    remedy: 'Write it as in paude exec my-project -- npm test',
  });
}

/** Commander keeps the whole command line at its root; its types do not say so. */
function rootOf(command: Command): { readonly rawArgs: readonly string[] } {
  let root = command;
  while (root.parent !== null) root = root.parent;
  return root as unknown as { readonly rawArgs: readonly string[] };
}
