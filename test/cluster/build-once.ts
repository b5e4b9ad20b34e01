import { mkdir, mkdtemp, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Longer than any build takes, so that a machine that hangs says so. */
const longestBuildMs = 30 * 60_000;

/**
 * Makes a directory by a build that must run once, however many processes ask for it at a time. It appears whole or not at
 * all: `build` fills another one beside it, which is then renamed.
 */
export async function buildOnce(
  directory: string,
  isThere: () => boolean,
  build: (into: string) => Promise<void>,
): Promise<void> {
  if (isThere()) return;
  await mkdir(dirname(directory), { recursive: true });
  const lock = `${directory}.lock`;
  const deadline = performance.now() + longestBuildMs;
  while (!(await take(lock))) {
    if (performance.now() > deadline) throw new Error(`Another process holds ${lock} for too long`);
    await sleep(250);
    if (isThere()) return;
  }
  let into: string | undefined;
  try {
    if (isThere()) return;
    const prefix = `.${basename(directory)}-`;
    // What a build left that was killed: nobody else builds now.
    const left = (await readdir(dirname(directory))).filter((name) => name.startsWith(prefix));
    await Promise.all(left.map((name) => rm(join(dirname(directory), name), { recursive: true })));
    into = await mkdtemp(join(dirname(directory), prefix));
    await build(into);
    await rm(directory, { recursive: true, force: true });
    await rename(into, directory);
  } finally {
    if (into !== undefined) await rm(into, { recursive: true, force: true });
    await rm(lock, { force: true });
  }
}

/** Takes the lock when it is free, or when the process that held it is gone. */
async function take(lock: string): Promise<boolean> {
  try {
    const file = await open(lock, 'wx');
    await file.writeFile(String(process.pid));
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const holder = Number(await readFile(lock, 'utf8').catch(() => ''));
  // Empty for a moment, between its making and its writing.
  if (holder > 0 && !isAlive(holder)) await rm(lock, { force: true });
  return false;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
