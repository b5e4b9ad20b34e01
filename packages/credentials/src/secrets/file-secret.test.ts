import { mkdir, rename, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shown } from '../testing/shown.ts';
import { temporary } from '../testing/temporary.ts';
import { FileSecret } from './file-secret.ts';
import { emptyFault } from './secret-source.ts';

/** A file with this content. */
async function file(content: string | Uint8Array): Promise<string> {
  const path = join(await temporary(), 'token');
  await writeFile(path, content);
  return path;
}

describe('FileSecret', () => {
  it.each([
    ['s3cr3t', 's3cr3t'],
    ['s3cr3t\n', 's3cr3t'],
    ['s3cr3t\r\n', 's3cr3t'],
    ['two words', 'two words'],
  ])('reads %j as %s', async (content, value) => {
    expect(await new FileSecret(await file(content)).read()).toEqual({ kind: 'value', value, generation: 1 });
  });

  it.each([
    ['', 'is empty'],
    ['\n', 'is empty'],
    ['5up3r\n\n', 'holds a line break or a NUL, which no header field may carry'],
    ['5up3r\r\nx-evil: 1', 'holds a line break or a NUL, which no header field may carry'],
    ['5up3r\rx', 'holds a line break or a NUL, which no header field may carry'],
    ['5up3r\0', 'holds a line break or a NUL, which no header field may carry'],
    ['5up3r\t', 'holds a character outside visible ASCII'],
    [Buffer.from([0x35, 0x75, 0xff]), 'holds a character outside visible ASCII'],
    ['5up3r ', 'begins or ends with a space'],
  ])('refuses %j without showing it', async (content, why) => {
    const path = await file(content);
    const secret = new FileSecret(path);
    const reading = await secret.read();
    expect(reading).toEqual({ kind: 'fault', detail: `file ${path} ${why}` });
    expect(shown([secret, reading])).not.toContain('5up3r');
  });

  it('takes whatever its check takes', async () => {
    const path = await file('{\n  "type": "x"\n}\n');
    const reading = await new FileSecret(path, { check: emptyFault }).read();
    expect(reading).toMatchObject({ kind: 'value', value: '{\n  "type": "x"\n}' });
  });

  it('says what is wrong with a path', async () => {
    const directory = await temporary();
    await symlink('loop', join(directory, 'loop'));
    await writeFile(join(directory, 'large'), '');
    await truncate(join(directory, 'large'), 2 ** 20 + 1);
    const detail = async (path: string) => {
      const reading = await new FileSecret(path).read();
      return reading.kind === 'fault' && reading.detail.replace(directory, '');
    };
    expect(await detail(`${directory}/none`)).toBe('file /none does not exist');
    expect(await detail(`${directory}/loop`)).toBe('file /loop cannot be read (ELOOP)');
    expect(await detail(`${directory}/large/x`)).toBe('file /large/x cannot be read (ENOTDIR)');
    expect(await detail(`${directory}/large`)).toBe('file /large is larger than 1048576 bytes');
    expect(await detail(directory)).toBe('file  is not a regular file');
    // Reading this one would never end.
    expect(await detail('/dev/zero')).toBe('file /dev/zero is not a regular file');
  });
});

describe('FileSecret of a file that changes', () => {
  it('looks again when a second has passed, or when it is told to', async () => {
    const path = await file('one');
    let now = 0;
    const secret = new FileSecret(path, { now: () => now });
    expect(await secret.read()).toMatchObject({ value: 'one', generation: 1 });
    await writeFile(path, 'two');
    now = 999;
    expect(await secret.read()).toMatchObject({ value: 'one', generation: 1 });
    expect(await secret.read(true)).toMatchObject({ value: 'two', generation: 2 });
    await writeFile(path, 'three');
    now = 1999;
    expect(await secret.read()).toMatchObject({ value: 'three', generation: 3 });
  });

  it('follows the swap of a link with which a mounted Secret is updated', async () => {
    const mount = await temporary();
    const publish = async (version: string, token: string) => {
      await mkdir(join(mount, version));
      await writeFile(join(mount, version, 'token'), token);
      // The same size and times as before: only the file is another.
      await utimes(join(mount, version, 'token'), 1000, 1000);
      await symlink(version, join(mount, '..data_tmp'));
      await rename(join(mount, '..data_tmp'), join(mount, '..data'));
    };
    await publish('..2031_01', 'token-1');
    await symlink('..data/token', join(mount, 'token'));
    const secret = new FileSecret(join(mount, 'token'), { recheckMs: 0 });
    expect(await secret.read()).toMatchObject({ value: 'token-1', generation: 1 });
    await publish('..2031_02', 'token-2');
    await rm(join(mount, '..2031_01'), { recursive: true });
    expect(await secret.read()).toMatchObject({ value: 'token-2', generation: 2 });
  });

  it('keeps the generation when the content is what it was', async () => {
    const path = await file('same');
    const secret = new FileSecret(path, { recheckMs: 0 });
    await secret.read();
    await writeFile(path, 'same\n');
    expect(await secret.read()).toMatchObject({ value: 'same', generation: 1 });
  });

  it('has no value while the file is gone or empty, and has one again when it is back', async () => {
    const path = await file('one');
    const secret = new FileSecret(path, { recheckMs: 0 });
    expect(await secret.read()).toMatchObject({ kind: 'value', generation: 1 });
    await rm(path);
    expect(await secret.read()).toEqual({ kind: 'fault', detail: `file ${path} does not exist` });
    await writeFile(path, '');
    expect(await secret.read()).toEqual({ kind: 'fault', detail: `file ${path} is empty` });
    await writeFile(path, 'two');
    expect(await secret.read()).toMatchObject({ kind: 'value', value: 'two', generation: 2 });
  });

  it('looks once for any number of callers at a time', async () => {
    let looks = 0;
    const checkFile = async () => {
      looks++;
      return undefined;
    };
    const secret = new FileSecret(await file('one'), { checkFile, recheckMs: 0 });
    const readings = await Promise.all(Array.from({ length: 50 }, () => secret.read()));
    expect(new Set(readings.map((reading) => reading.kind === 'value' && reading.value))).toEqual(
      new Set(['one']),
    );
    expect(looks).toBe(1);
  });

  it('does without a file that its check refuses, until it is mended', async () => {
    const path = await file('one');
    let fault: string | undefined = 'everybody can read it';
    const secret = new FileSecret(path, { recheckMs: 0, checkFile: async () => fault });
    expect(await secret.read()).toEqual({ kind: 'fault', detail: 'everybody can read it' });
    fault = undefined;
    await utimes(path, 1, 1);
    expect(await secret.read()).toMatchObject({ kind: 'value', value: 'one' });
  });
});
