import { PaudeError } from '@paude/errors';
import { parseSessionName } from '@paude/sessions';
import type { HostGit } from './host-git.ts';

/** A remote of this repository that is a session. */
export interface SessionRemote {
  readonly remote: string;
  readonly session: string;
}

const SCHEME = 'paude::';

function remoteName(session: string): string {
  return `paude-${session}`;
}

/** The remotes of a repository whose URL is `paude::S`. */
export async function sessionRemotes(git: HostGit): Promise<readonly SessionRemote[]> {
  const { stdout } = await git.try(['config', '--get-regexp', String.raw`^remote\..*\.url$`]);
  return stdout.split('\n').flatMap((line) => {
    const [, remote, session] = /^remote\.(.+)\.url paude::(\S+)$/.exec(line) ?? [];
    return remote === undefined || session === undefined ? [] : [{ remote, session }];
  });
}

/**
 * Makes a session a remote of this repository; one that is there already is left.
 *
 * @returns the remote's name.
 * @throws PaudeError `remote-exists` when something else has the name.
 */
export async function addRemote(git: HostGit, session: string): Promise<string> {
  const action = 'add the remote';
  await git.requireRepository(action);
  const remote = remoteName(parseSessionName(session));
  const { code, stdout } = await git.try(['config', '--get', `remote.${remote}.url`]);
  if (code === 0 && stdout === SCHEME + session) return remote;
  if (code === 0) {
    throw new PaudeError('remote-exists', {
      action,
      input: remote,
      why: `it leads to ${stdout}`,
      remedy: `Rename that one: git remote rename ${remote} NEW`,
    });
  }
  await git.run(action, ['remote', 'add', remote, SCHEME + session]);
  return remote;
}

/** Takes a session's remote away. @returns whether there was one. */
export async function removeRemote(git: HostGit, session: string): Promise<boolean> {
  const found = (await sessionRemotes(git)).filter((remote) => remote.session === session);
  for (const { remote } of found) await git.run('remove the remote', ['remote', 'remove', remote]);
  return found.length > 0;
}
