import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporary } from '../testing/temporary.ts';
import { fileExposure } from './file-exposure.ts';

/** A file with this mode. */
async function file(mode: number): Promise<string> {
  const path = join(await temporary(), 'token');
  await writeFile(path, 's3cr3t');
  await chmod(path, mode);
  return path;
}

/** A line of the table of mounts, as in proc(5). */
function mount(point: string, options: string): string {
  return `36 35 98:0 / ${point} ${options} master:1 - tmpfs tmpfs rw`;
}

/** What is said of a file, where these are the mounts. */
async function exposureWith(path: string, ...lines: readonly string[]): Promise<string | undefined> {
  const mountTable = join(await temporary(), 'mountinfo');
  await writeFile(mountTable, `${lines.join('\n')}\n`);
  return fileExposure(path, { mountTable });
}

describe('fileExposure()', () => {
  it.each([0o600, 0o400, 0o700])('says nothing of a file with mode %o', async (mode) => {
    expect(await fileExposure(await file(mode))).toBeUndefined();
  });

  it.each([
    [0o644, '0644'],
    [0o640, '0640'],
    [0o604, '0604'],
  ])('says who can read a file with mode %o', async (mode, shown) => {
    const path = await file(mode);
    expect(await fileExposure(path)).toBe(`file ${path} can be read by others (mode ${shown})`);
  });

  it('looks at the file that a link leads to', async () => {
    const path = await file(0o644);
    const link = join(await temporary(), 'link');
    await symlink(path, link);
    expect(await fileExposure(link)).toBe(`file ${link} can be read by others (mode 0644)`);
  });

  it('leaves it to others to say that there is no file', async () => {
    expect(await fileExposure(join(await temporary(), 'none'))).toBeUndefined();
  });
});

describe('fileExposure() on a mount', () => {
  it('lets a file be on a read-only one, as where a Secret is mounted', async () => {
    const path = await file(0o644);
    expect(await exposureWith(path, mount('/', 'rw'), mount('/tmp', 'ro,nosuid'))).toBeUndefined();
    expect(await exposureWith(path, mount('/', 'ro'), mount('/tmp', 'rw,nosuid'))).toContain('0644');
    expect(await exposureWith(path, mount('/tmp', 'ro'), mount('/', 'rw'))).toBeUndefined();
  });

  it('goes by the later of two at one point, and not by one that only looks alike', async () => {
    const path = await file(0o644);
    expect(await exposureWith(path, mount('/tmp', 'ro'), mount('/tmp', 'rw'))).toContain('0644');
    expect(await exposureWith(path, mount('/', 'rw'), mount('/tm', 'ro'))).toContain('0644');
    // An option that holds the letters is not the option.
    expect(await exposureWith(path, mount('/', 'rw,errors=remount-ro'))).toContain('0644');
  });

  it('reads mount points with spaces, which are written in octal', async () => {
    const directory = join(await temporary(), 'a b');
    await mkdir(directory);
    const path = join(directory, 'token');
    await writeFile(path, 's3cr3t', { mode: 0o644 });
    const point = directory.replaceAll(' ', String.raw`\040`);
    expect(await exposureWith(path, mount('/', 'rw'), mount(point, 'ro'))).toBeUndefined();
  });

  it('speaks up when there is no table', async () => {
    const options = { mountTable: join(await temporary(), 'none') };
    expect(await fileExposure(await file(0o644), options)).toContain('0644');
  });
});
