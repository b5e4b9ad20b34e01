import { AGENT_ALIASES, compile, parseHost, parseWords } from '@paude/allowlist';
import { PaudeError } from '@paude/errors';
import { type Backend, type Progress, WORKSPACE } from '@paude/sessions';
import type { FoundSession } from './find-session.ts';
import { addRemote } from './git-remotes.ts';
import type { HostGit } from './host-git.ts';
import { inside } from './inside.ts';
import { type PublicOrigin, publicOrigin } from './origin-url.ts';

/** Which session gets the code, and what it may reach. */
export interface PushRequest {
  readonly name: string;
  readonly backend: Backend;
  readonly allowedDomains: readonly string[];
  readonly agent: string;
  readonly progress: Progress;
}

/** What became of it. */
export interface Pushed {
  readonly remote: string;
  readonly branch: string;
  /** Whether the session had most of it from the origin. */
  readonly fromOrigin: boolean;
}

const NO_BRANCH = 'HEAD';
/** A stalled fetch ends by itself, and the code is then pushed from here. */
const PATIENCE = ['-c', 'http.lowSpeedLimit=1000', '-c', 'http.lowSpeedTime=20'];

/**
 * Gives a session the code of this repository: it fetches from the origin what it can reach there, through its proxy, and
 * the rest is pushed: the branch that is checked out, and all tags.
 *
 * @throws PaudeError `git-failed`, `git-missing`, `remote-exists`.
 */
export async function pushCode(git: HostGit, request: PushRequest): Promise<Pushed> {
  const { name, backend, progress } = request;
  const remote = await addRemote(git, name);
  progress.step('Making the repository in the session');
  const branch = await setUpRepository(git, { name, backend });
  const origin = publicOrigin((await git.try(['config', '--get', 'remote.origin.url'])).stdout);
  const fromOrigin =
    origin !== undefined && mayReach(request, origin) && (await fetchOrigin(request, origin));
  progress.step(`Pushing ${branch}`);
  const push = ['push', '--quiet', '--tags', remote, `HEAD:refs/heads/${branch}`];
  await git.run('push the code to the session', push);
  return { remote, branch, fromOrigin };
}

async function currentBranch(git: HostGit): Promise<string> {
  const action = 'push the code to the session';
  if ((await git.try(['rev-parse', '--verify', '--quiet', 'HEAD'])).code !== 0) {
    throw new PaudeError('git-failed', {
      action,
      why: 'the repository has no commit yet',
      remedy: 'Make one with git commit, or leave --git out',
    });
  }
  const branch = await git.run(action, ['rev-parse', '--abbrev-ref', 'HEAD']);
  return branch === NO_BRANCH ? 'main' : branch;
}

/**
 * Makes a repository whose checked-out files follow what is pushed to it, as long as nothing in it was changed.
 *
 * @returns the branch that is checked out there: the one that is here.
 * @throws PaudeError `git-failed`.
 */
export async function setUpRepository(git: HostGit, { name, backend }: FoundSession): Promise<string> {
  const branch = await currentBranch(git);
  const script = `set -e
git init --quiet "$1"
cd "$1"
git rev-parse --verify --quiet HEAD > /dev/null || git symbolic-ref HEAD "refs/heads/$2"
git config receive.denyCurrentBranch updateInstead`;
  const { code, stderr } = await inside(backend, name, ['sh', '-c', script, 'sh', WORKSPACE, branch]);
  if (code === 0) return branch;
  throw new PaudeError('git-failed', {
    action: 'make the repository in the session',
    input: name,
    why: `git ended with ${code} there (${stderr.split('\n').at(-1)?.slice(0, 200) ?? ''})`,
    remedy: 'See whether its image has git: paude exec git --version',
  });
}

/** Asked before the session tries, so that what cannot be is not in its log as refused. */
function mayReach({ allowedDomains, agent }: PushRequest, { host, port }: PublicOrigin): boolean {
  const policy = compile(parseWords(allowedDomains, { agent: AGENT_ALIASES.find((each) => each === agent) }));
  return policy.decide(parseHost(host), port).result === 'allow';
}

async function fetchOrigin(
  { name, backend, progress }: PushRequest,
  { url }: PublicOrigin,
): Promise<boolean> {
  progress.step(`Fetching from ${url} in the session`);
  const script = `cd "$1"
shift
git remote get-url origin > /dev/null 2>&1 || git remote add origin "$1"
shift
GIT_TERMINAL_PROMPT=0 exec git "$@" fetch --quiet --tags origin`;
  const command = ['sh', '-c', script, 'sh', WORKSPACE, url, ...PATIENCE];
  return (await inside(backend, name, command)).code === 0;
}
