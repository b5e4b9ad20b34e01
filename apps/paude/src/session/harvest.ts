import { spawn } from 'node:child_process';
import { PaudeError } from '@paude/errors';
import type { Io } from '../io.ts';
import { findOnPath } from './find-on-path.ts';
import { type FoundSession, findSession } from './find-session.ts';
import { addRemote } from './git-remotes.ts';
import { HostGit } from './host-git.ts';
import { inside, shown } from './inside.ts';
import { json } from './session-options.ts';
import type { Sessions } from './sessions.ts';

interface HarvestRequest {
  readonly backend?: string;
  readonly branch?: string;
  readonly pr?: boolean;
  readonly output: 'text' | 'json';
}

const ACTION = 'harvest the session';

/**
 * Fetches the branch that is checked out in a session into one of this repository, forward only.
 *
 * @throws PaudeError `git-failed`, `harvest-refused`.
 */
export async function harvest(
  name: string | undefined,
  { backend: only, branch: wanted, pr, output }: HarvestRequest,
  { sessions, io }: { readonly sessions: Sessions; readonly io: Io },
): Promise<void> {
  const git = new HostGit(io);
  await git.requireRepository(ACTION);
  const found = await findSession(sessions, { name, backend: only }, { action: ACTION, io });
  const there = await branchThere(found, git);
  const branch = wanted ?? `paude/${found.name}`;
  await git.run(ACTION, ['check-ref-format', '--branch', branch]);
  const remote = await addRemote(git, found.name);
  await warnOfUncommitted(found, io);
  await git.run(ACTION, ['fetch', '--quiet', remote, `refs/heads/${there}:refs/heads/${branch}`]);
  const commits = await countNew(git, branch);
  if (pr === true) await openPullRequest(git, branch, io);
  if (output === 'json') return void io.stdout.write(json({ name: found.name, branch, commits }));
  const news = commits === undefined ? '' : ` (${commits} commits that HEAD has not)`;
  io.stdout.write(`Fetched ${there} of ${found.name} into ${branch}${news}.\n  git log -p HEAD..${branch}\n`);
}

/** The session's own word: nothing that git would take for anything but a branch. */
async function branchThere(found: FoundSession, git: HostGit): Promise<string> {
  const { code, stdout } = await inside(found.backend, found.name, [
    'git',
    'symbolic-ref',
    '--short',
    'HEAD',
  ]);
  const isBranch =
    code === 0 &&
    /^[^\s-]\S*$/.test(stdout) &&
    (await git.try(['check-ref-format', `refs/heads/${stdout}`])).code === 0;
  if (isBranch) return stdout;
  throw new PaudeError('harvest-refused', {
    action: ACTION,
    input: found.name,
    why: `no branch is checked out there (${shown(stdout) || 'it has no repository'})`,
    remedy: 'Check one out: paude exec -- git switch --create NAME',
  });
}

async function warnOfUncommitted({ backend, name }: FoundSession, io: Io): Promise<void> {
  const { stdout } = await inside(backend, name, ['git', 'status', '--porcelain']);
  const count = stdout === '' ? 0 : stdout.split('\n').length;
  if (count > 0) io.stderr.write(`note: ${count} files there are not committed, and stay there\n`);
}

async function countNew(git: HostGit, branch: string): Promise<number | undefined> {
  const { code, stdout } = await git.try(['rev-list', '--count', `HEAD..refs/heads/${branch}`]);
  return code === 0 ? Number(stdout) : undefined;
}

async function openPullRequest(git: HostGit, branch: string, io: Io): Promise<void> {
  const gh = findOnPath('gh', io.env.PATH);
  if (gh === undefined) {
    throw new PaudeError('gh-missing', {
      action: 'open a pull request',
      input: branch,
      why: 'gh is not on PATH',
      remedy: `Install the GitHub command line, or push it yourself: git push origin ${branch}`,
    });
  }
  await git.run('push the branch', [
    'push',
    '--quiet',
    'origin',
    `refs/heads/${branch}:refs/heads/${branch}`,
  ]);
  const code = await new Promise<number>((resolve, reject) => {
    const options = { cwd: io.cwd(), env: io.env, stdio: ['ignore', 2, 2] as ['ignore', number, number] };
    const child = spawn(gh, ['pr', 'create', '--fill', '--head', branch], options);
    child.once('error', reject);
    child.once('close', (ended) => resolve(ended ?? -1));
  });
  if (code === 0) return;
  throw new PaudeError('gh-failed', {
    action: 'open a pull request',
    input: branch,
    why: `gh ended with ${code}`,
    remedy: 'Read what it said above; the branch is pushed',
  });
}
