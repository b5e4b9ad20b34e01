import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../../../test/support/deadline.ts';
import { untilTestEnds } from '../../../../test/support/teardown.ts';
import { temporaryDirectory } from '../../../../test/support/temporary.ts';
import { watchFile } from './watch-file.ts';

const never = { pollMs: 3_600_000 };

async function start(options: { pollMs: number }, name = 'allowlist.yaml') {
  const directory = untilTestEnds(await temporaryDirectory('watch'));
  const file = await directory.write(name, 'one');
  let calls = 0;
  const stop = watchFile(file, () => void calls++, options);
  untilTestEnds({ [Symbol.asyncDispose]: async () => stop() });
  return {
    directory,
    file,
    stop,
    get calls() {
      return calls;
    },
    called: (atLeast = 1) => eventually('the callback', () => calls >= atLeast),
  };
}

describe('watchFile()', () => {
  it('calls back when the file is written', async () => {
    const watched = await start(never);
    await writeFile(watched.file, 'two');
    await watched.called();
  });

  it('calls back when the file is replaced by another, again and again', async () => {
    const watched = await start(never);
    for (let round = 1; round <= 3; round++) {
      const next = await watched.directory.write('next', `round ${round}`);
      await rename(next, watched.file);
      await watched.called(round);
    }
  });

  it('calls back when the file goes, and when it comes back', async () => {
    const watched = await start(never);
    await rm(watched.file);
    await watched.called(1);
    await writeFile(watched.file, 'again');
    await watched.called(2);
  });

  it('calls back when a link beside the file is swapped, as a mounted ConfigMap does it', async () => {
    const directory = untilTestEnds(await temporaryDirectory('watch'));
    await directory.write('..1/allowlist.yaml', 'one');
    await directory.write('..2/allowlist.yaml', 'two');
    await symlink('..1', directory.join('..data'));
    await symlink('..data/allowlist.yaml', directory.join('allowlist.yaml'));
    let calls = 0;
    const stop = watchFile(directory.join('allowlist.yaml'), () => void calls++, never);
    untilTestEnds({ [Symbol.asyncDispose]: async () => stop() });
    await symlink('..2', directory.join('..data_tmp'));
    await rename(directory.join('..data_tmp'), directory.join('..data'));
    await eventually('the callback', () => calls > 0);
  });

  it('makes one call of a burst of changes', async () => {
    const watched = await start(never);
    for (let count = 0; count < 20; count++) await writeFile(watched.file, `${count}`);
    await watched.called();
    expect(watched.calls).toBeLessThan(5);
  });

  it('looks by itself where the file system tells nothing, and finds a directory that comes later', async () => {
    const directory = untilTestEnds(await temporaryDirectory('watch'));
    let calls = 0;
    const stop = watchFile(directory.join('later', 'allowlist.yaml'), () => void calls++, { pollMs: 20 });
    untilTestEnds({ [Symbol.asyncDispose]: async () => stop() });
    await eventually('a look', () => calls > 2);
    await mkdir(directory.join('later'));
    await directory.write('later/allowlist.yaml', 'one');
    const before = calls;
    await eventually('another look', () => calls > before);
  });

  it('says nothing more once it is stopped', async () => {
    const watched = await start({ pollMs: 10 });
    await watched.called();
    watched.stop();
    const { calls } = watched;
    await writeFile(watched.file, 'two');
    await expect(eventually('a late call', () => watched.calls > calls, { timeoutMs: 300 })).rejects.toThrow(
      'in vain',
    );
  });
});
