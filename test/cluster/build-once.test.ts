import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { runProcess } from '../support/processes.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary.ts';
import { buildOnce } from './build-once.ts';

async function workplace(): Promise<{ readonly parent: TemporaryDirectory; readonly built: string }> {
  const parent = untilTestEnds(await temporaryDirectory('build'));
  return { parent, built: parent.join('cache', 'built') };
}

const isWhole = (built: string) => () => existsSync(join(built, 'program'));

test('buildOnce() builds once, however many ask, and shows nothing half done', async () => {
  const { built } = await workplace();
  let builds = 0;
  const build = async (into: string) => {
    builds++;
    await sleep(50);
    expect(existsSync(built)).toBe(false);
    await writeFile(join(into, 'program'), 'x');
  };
  await Promise.all([1, 2, 3].map(() => buildOnce(built, isWhole(built), build)));
  expect(builds).toBe(1);
  expect(await readdir(join(built, '..'))).toEqual(['built']);
});

test('buildOnce() takes over from a process that died, and throws its leavings away', async () => {
  const { parent, built } = await workplace();
  const dead = await runProcess(process.execPath, ['--print', 'process.pid']);
  await mkdir(parent.join('cache', '.built-left'), { recursive: true });
  await writeFile(`${built}.lock`, dead.stdout.trim());
  await buildOnce(built, isWhole(built), (into) => writeFile(join(into, 'program'), 'x'));
  expect(await readdir(parent.join('cache'))).toEqual(['built']);
});

test('buildOnce() rejects with what the build says, and lets the next one try', async () => {
  const { built } = await workplace();
  const broken = buildOnce(built, isWhole(built), () => Promise.reject(new Error('no such module')));
  await expect(broken).rejects.toThrow('no such module');
  await buildOnce(built, isWhole(built), (into) => writeFile(join(into, 'program'), 'second'));
  expect(await readFile(join(built, 'program'), 'utf8')).toBe('second');
});
