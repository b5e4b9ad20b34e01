import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { runProcess, successful } from '../../../../test/support/processes.ts';
import { untilTestEnds } from '../../../../test/support/teardown.ts';
import { temporaryDirectory } from '../../../../test/support/temporary.ts';
import { firstFileOf, tarOf } from './tar.ts';

describe('tarOf()', () => {
  it('makes an archive that tar unpacks, modes and all', async () => {
    const directory = untilTestEnds(await temporaryDirectory('tar'));
    const content = Buffer.alloc(1_000, 'x');
    const archive = tarOf([
      { path: 'a/b.txt', mode: 0o640, content },
      { path: 'c', mode: 0o600, content: Buffer.alloc(0) },
    ]);
    successful(await runProcess('tar', ['-x', '-C', directory.path], { input: archive }));
    expect(await readFile(directory.join('a/b.txt'))).toEqual(content);
    const { stdout } = successful(
      await runProcess('stat', ['-c', '%a', 'a/b.txt', 'c'], { cwd: directory.path }),
    );
    expect(stdout).toBe('640\n600\n');
  });
});

describe('firstFileOf()', () => {
  it('reads what tar packs, behind directories and extended headers', async () => {
    const directory = untilTestEnds(await temporaryDirectory('tar'));
    await directory.write('d/file', 'the content');
    const pack = ['--format=pax', '--pax-option=comment=x', '-c', '-O', 'd'];
    const { stdout } = successful(await runProcess('tar', pack, { cwd: directory.path }));
    expect(firstFileOf(Buffer.from(stdout))?.toString()).toBe('the content');
  });

  it('finds no file in an empty archive, nor in none', () => {
    expect(firstFileOf(tarOf([]))).toBeUndefined();
    expect(firstFileOf(Buffer.alloc(0))).toBeUndefined();
  });
});
