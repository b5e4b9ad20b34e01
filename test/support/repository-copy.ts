import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProcess, successful } from './processes.ts';
import type { TemporaryDirectory } from './temporary.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** Copies what a clone of this repository would hold, changes that are not committed included: no build output. */
export async function copyRepository(target: TemporaryDirectory): Promise<void> {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const { stdout } = successful(await runProcess('git', args, { cwd: repository }));
  for (const file of stdout.split('\0').filter(Boolean)) {
    await mkdir(dirname(target.join(file)), { recursive: true });
    await copyFile(`${repository}${file}`, target.join(file)).catch((error: NodeJS.ErrnoException) => {
      // A file that has been deleted, and that not committed yet, is listed all the same.
      if (error.code !== 'ENOENT') throw error;
    });
  }
}

/** Adds the installed dependencies to a copy, by hard links where the file system can. */
export async function copyDependencies(target: TemporaryDirectory): Promise<void> {
  const workspaces = await Promise.all(
    ['packages', 'apps'].map(async (group) =>
      (await readdir(`${repository}${group}`)).map((name) => `${group}/${name}/`),
    ),
  );
  for (const directory of ['', ...workspaces.flat()]) {
    const from = `${repository}${directory}node_modules`;
    const found = await readdir(from).catch(() => []);
    if (found.length === 0) continue;
    const copy = (...how: readonly string[]) =>
      runProcess('cp', ['--archive', ...how, from, target.join(directory)], { lifetimeMs: 120_000 });
    if ((await copy('--link')).code !== 0) successful(await copy());
  }
}
