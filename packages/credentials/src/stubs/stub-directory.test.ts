import { chmod, mkdir, readdir, readFile, rename, stat, symlink } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { untilTestEnds } from '../../../../test/support/teardown.ts';
import { temporaryDirectory } from '../../../../test/support/temporary.ts';
import { type StubFile, writeStubFiles } from './stub-directory.ts';

const RECORD = '.paude-stubs.json';
const files: readonly StubFile[] = [
  { name: 'env', mode: 0o644, content: 'A=1\n' },
  { name: 'login.json', mode: 0o600, content: '{}\n' },
];

const scratch = async () => untilTestEnds(await temporaryDirectory('stubs'));
const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

describe('writeStubFiles()', () => {
  it('makes the directory for its owner alone, and gives each file its mode, whatever the umask', async () => {
    const before = process.umask(0o077);
    try {
      const outer = await scratch();
      await writeStubFiles(outer.join('a/b'), files);
      expect(await modeOf(outer.join('a/b'))).toBe('700');
      expect(await modeOf(outer.join('a/b/env'))).toBe('644');
      expect(await modeOf(outer.join('a/b/login.json'))).toBe('600');
    } finally {
      process.umask(before);
    }
  });

  it('replaces its own files, leaves others alone, and leaves nothing else behind', async () => {
    const { path, join, write } = await scratch();
    await write('notes.txt', 'mine');
    await writeStubFiles(path, files);
    await writeStubFiles(path, [{ name: 'env', mode: 0o644, content: 'A=2\n' }]);
    expect(await readFile(join('env'), 'utf8')).toBe('A=2\n');
    expect((await readdir(path)).sort()).toEqual([RECORD, 'env', 'login.json', 'notes.txt']);
    // What an earlier run wrote is still its own.
    await writeStubFiles(path, files);
  });

  it('replaces a file whole: whoever has it open goes on reading the old one', async () => {
    const { path, join } = await scratch();
    await writeStubFiles(path, files);
    const inode = (await stat(join('env'))).ino;
    await writeStubFiles(path, [{ name: 'env', mode: 0o644, content: 'A=2\n' }]);
    expect((await stat(join('env'))).ino).not.toBe(inode);
  });

  it('refuses to replace what it did not write, and then writes nothing at all', async () => {
    const { path, join, write } = await scratch();
    await write('login.json', 'a real login');
    await expect(writeStubFiles(path, files)).rejects.toThrow(
      `Cannot write stubs into "${path}": the file login.json is there and was not written by this command. Name another directory, or remove the file.`,
    );
    expect(await readFile(join('login.json'), 'utf8')).toBe('a real login');
    expect(await readdir(path)).toEqual(['login.json']);
  });

  it('goes on after a run that was interrupted when only its record was there', async () => {
    const { path, write } = await scratch();
    await write(RECORD, '{"version":1,"files":["env","login.json"]}');
    await write('env', 'half');
    await writeStubFiles(path, files);
  });

  it.each([
    ['is no JSON', 'nonsense'],
    ['is of another version', '{"version":2,"files":["login.json"]}'],
    ['is far too large', `{"version":1,"files":["login.json"],"x":"${'x'.repeat(70_000)}"}`],
  ])('takes no file for its own by a record that %s', async (_what, record) => {
    const { path, write } = await scratch();
    await write(RECORD, record);
    await write('login.json', 'a real login');
    await expect(writeStubFiles(path, files)).rejects.toMatchObject({ code: 'stubs-foreign-file' });
  });

  it('does not read a record through a link', async () => {
    const { join, write } = await scratch();
    const elsewhere = await write('elsewhere', '{"version":1,"files":["login.json"]}');
    await mkdir(join('in'));
    await symlink(elsewhere, join('in', RECORD));
    await write('in/login.json', 'a real login');
    await expect(writeStubFiles(join('in'), files)).rejects.toMatchObject({ code: 'stubs-foreign-file' });
  });

  it('replaces a link that a session put in place of a file, and not what the link leads to', async () => {
    const { join, write } = await scratch();
    const outside = await write('outside', 'untouched');
    const inside = join('stubs');
    await writeStubFiles(inside, files);
    for (const name of ['env', RECORD]) {
      await rename(`${inside}/${name}`, `${inside}/${name}.gone`);
      await symlink(outside, `${inside}/${name}`);
    }
    // Without its record nothing is known to be ours.
    await expect(writeStubFiles(inside, files)).rejects.toMatchObject({ code: 'stubs-foreign-file' });
    await rename(`${inside}/${RECORD}.gone`, `${inside}/${RECORD}`);
    await writeStubFiles(inside, files);
    expect(await readFile(outside, 'utf8')).toBe('untouched');
    expect(await readFile(`${inside}/env`, 'utf8')).toBe('A=1\n');
  });

  it.each(['', '/'])(
    'refuses a link in place of the directory, written with "%s" at its end',
    async (end) => {
      const { join } = await scratch();
      await mkdir(join('home'));
      await symlink(join('home'), join('stubs'));
      await expect(writeStubFiles(`${join('stubs')}${end}`, files)).rejects.toThrow(
        'it is a link or no directory. Name the directory itself.',
      );
      expect(await readdir(join('home'))).toEqual([]);
    },
  );

  it('refuses a file in place of the directory', async () => {
    const { write } = await scratch();
    const file = await write('file', '');
    await expect(writeStubFiles(file, files)).rejects.toThrow('it is a link or no directory');
  });

  it.each([0o777, 0o1777, 0o775])('refuses a directory that others can write to (%o)', async (mode) => {
    const { path } = await scratch();
    await chmod(path, mode);
    await expect(writeStubFiles(path, files)).rejects.toThrow('others can write to it. Run chmod go-w on it');
    expect(await readdir(path)).toEqual([]);
  });

  it('says what stands in the way when a directory has the name of a file of ours', async () => {
    const { path, join } = await scratch();
    await writeStubFiles(path, files);
    await rename(join('env'), join('env.gone'));
    await mkdir(join('env'));
    await expect(writeStubFiles(path, files)).rejects.toThrow('a directory stands in the place of a file');
    expect((await readdir(path)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('says so when the directory cannot be made', async () => {
    await expect(writeStubFiles('/proc/paude/stubs', files)).rejects.toThrow(
      /^Cannot write stubs into "\/proc\/paude\/stubs": writing there failed \(E[A-Z]+\)\./,
    );
  });
});
