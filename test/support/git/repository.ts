import { runProcess } from '../processes.ts';
import type { TemporaryDirectory } from '../temporary.ts';

/** Files of a repository's first commit, by path. */
export type RepositoryFiles = Readonly<Record<string, string | Uint8Array>>;

/** Git that looks at no configuration but its own repository's. */
export const isolatedGit: NodeJS.ProcessEnv = {
  PATH: process.env.PATH,
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_AUTHOR_NAME: 'Test',
  GIT_AUTHOR_EMAIL: 'test@example.test',
  GIT_COMMITTER_NAME: 'Test',
  GIT_COMMITTER_EMAIL: 'test@example.test',
};

/** Runs git and gives its standard output; rejects with its standard error. */
export async function git(args: readonly string[], cwd: string): Promise<string> {
  const { code, stdout, stderr } = await runProcess('git', args, { cwd, env: isolatedGit });
  if (code !== 0) throw new Error(`git ${args.join(' ')} failed (${code}): ${stderr}`);
  return stdout.trim();
}

/** Makes `<name>.git`, bare, with one commit on `main`, below `directory`; gives the commit's id. */
export async function makeBareRepository(
  directory: TemporaryDirectory,
  name: string,
  files: RepositoryFiles,
): Promise<string> {
  const work = `work-${name}`;
  await Promise.all(
    Object.entries(files).map(([path, content]) => directory.write(`${work}/${path}`, content)),
  );
  const cwd = directory.join(work);
  await git(['init', '--quiet', '--initial-branch=main', '.'], cwd);
  await git(['add', '--all'], cwd);
  await git(['commit', '--quiet', '--message', 'First'], cwd);
  const bare = directory.join('repositories', `${name}.git`);
  await git(['clone', '--quiet', '--bare', '.', bare], cwd);
  await git(['config', 'http.receivepack', 'true'], bare);
  return git(['rev-parse', 'main'], bare);
}
