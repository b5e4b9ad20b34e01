import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shown } from '../testing/shown.ts';
import { temporary } from '../testing/temporary.ts';
import { type OAuthState, StateFile } from './state-file.ts';

const STATE: OAuthState = {
  version: 1,
  login: 'f1',
  refreshToken: '5up3r-r',
  accessToken: '5up3r-a',
  expiresAtMs: 5,
};

const modeOf = async (path: string) => ((await stat(path)).mode & 0o7777).toString(8);

/** The error that writing ends with. */
async function writeError(path: string): Promise<unknown> {
  const error = await new StateFile(path).write(STATE).catch((thrown: unknown) => thrown);
  expect(shown(error)).not.toContain('5up3r');
  return error;
}

describe('StateFile', () => {
  it('gives back what was written', async () => {
    const file = new StateFile(join(await temporary(), 'state.json'));
    expect(await file.read()).toBeUndefined();
    await file.write(STATE);
    expect(await file.read()).toEqual(STATE);
    await file.write({ version: 1, login: 'f2', refreshToken: 'x' });
    expect(await file.read()).toEqual({ version: 1, login: 'f2', refreshToken: 'x' });
  });

  it('is for its owner alone, and so is the directory that it makes', async () => {
    const directory = join(await temporary(), 'a', 'b');
    const path = join(directory, 'state.json');
    await new StateFile(path).write(STATE);
    expect([await modeOf(directory), await modeOf(path)]).toEqual(['700', '600']);
    // A file that somebody made readable is so no more.
    await chmod(path, 0o644);
    await new StateFile(path).write(STATE);
    expect(await modeOf(path)).toBe('600');
  });

  it('is replaced as a whole: whoever reads finds the old state or the new one, and nothing is left over', async () => {
    const directory = await temporary();
    const path = join(directory, 'state.json');
    const file = new StateFile(path);
    await file.write({ ...STATE, refreshToken: '0'.repeat(1000) });
    let isWriting = true;
    const seen = new Set<unknown>();
    const reading = (async () => {
      while (isWriting) {
        const state = await file.read();
        seen.add(typeof state === 'object' ? new Set(state.refreshToken).size : state);
      }
    })();
    for (let round = 1; round <= 50; round++) {
      await file.write({ ...STATE, refreshToken: String(round % 10).repeat(1000 * round) });
    }
    isWriting = false;
    await reading;
    expect(seen).toEqual(new Set([1]));
    expect(await readdir(directory)).toEqual(['state.json']);
  });

  it('takes writers at the same time', async () => {
    const directory = await temporary();
    const path = join(directory, 'state.json');
    const writes = Array.from({ length: 20 }, (_, index) =>
      new StateFile(path).write({ ...STATE, refreshToken: `r${index}` }),
    );
    await Promise.all(writes);
    expect(await new StateFile(path).read()).toMatchObject({ version: 1 });
    expect(await readdir(directory)).toEqual(['state.json']);
  });

  it('replaces a link, and leaves alone what it led to', async () => {
    const directory = await temporary();
    await writeFile(join(directory, 'other'), 'other');
    await symlink('other', join(directory, 'state.json'));
    await new StateFile(join(directory, 'state.json')).write(STATE);
    expect(await readFile(join(directory, 'other'), 'utf8')).toBe('other');
  });

  it('gives back as a text what is no state', async () => {
    const path = join(await temporary(), 'state.json');
    for (const text of [
      '',
      '{"version":1',
      '{"version":2}',
      '{"version":1,"login":"f","refreshToken":"r","x":1}',
    ]) {
      await writeFile(path, text);
      expect(await new StateFile(path).read()).toBe(text);
    }
  });

  it('says what is wrong when it cannot be read or written', async () => {
    const directory = await temporary();
    await expect(new StateFile(directory).read()).rejects.toMatchObject({
      code: 'credential-state',
      why: 'reading it failed (EISDIR)',
    });
    await writeFile(join(directory, 'file'), '');
    expect(await writeError(join(directory, 'file', 'state.json'))).toMatchObject({
      code: 'credential-state',
      why: expect.stringMatching(/^writing it failed \((?:ENOTDIR|EEXIST)\)$/),
    });
    await mkdir(join(directory, 'state.json'));
    expect(await writeError(join(directory, 'state.json'))).toMatchObject({
      why: 'writing it failed (EISDIR)',
    });
    expect((await readdir(directory)).sort()).toEqual(['file', 'state.json']);
  });

  it.each([0o777, 0o770, 0o757])('refuses a directory that others can write to (mode %o)', async (mode) => {
    const directory = await temporary();
    await chmod(directory, mode);
    expect(await writeError(join(directory, 'state.json'))).toMatchObject({
      code: 'credential-state',
      why: 'others can write to its directory',
      remedy: `Run chmod go-w on ${directory}`,
    });
    expect(await readdir(directory)).toEqual([]);
  });

  it('takes a directory in which nobody can replace the files of others', async () => {
    const directory = await temporary();
    await chmod(directory, 0o1777);
    await new StateFile(join(directory, 'state.json')).write(STATE);
    expect(await new StateFile(join(directory, 'state.json')).read()).toEqual(STATE);
  });
});
