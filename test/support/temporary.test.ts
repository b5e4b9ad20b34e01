import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { afterAll, expect, test } from 'vitest';
import { untilTestEnds } from './teardown.ts';
import { temporaryDirectory } from './temporary.ts';

const seen: string[] = [];

afterAll(() => {
  for (const path of seen) expect(existsSync(path)).toBe(false);
});

test('temporaryDirectory() is gone when its block ends', async () => {
  let path: string;
  {
    await using directory = await temporaryDirectory();
    path = directory.path;
    const file = await directory.write('a/b.txt', 'hello');
    expect(file).toBe(directory.join('a', 'b.txt'));
    expect(await readFile(file, 'utf8')).toBe('hello');
  }
  expect(existsSync(path)).toBe(false);
});

test('untilTestEnds() keeps a directory until the test is over', async () => {
  const directory = untilTestEnds(await temporaryDirectory());
  seen.push(directory.path);
  expect(existsSync(directory.path)).toBe(true);
});
