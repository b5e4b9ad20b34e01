import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { untilTestEnds } from '../../../../test/support/teardown.ts';
import { temporaryDirectory } from '../../../../test/support/temporary.ts';
import { readSecret, readUsers } from './secrets.ts';

async function fileWith(content: string): Promise<string> {
  return untilTestEnds(await temporaryDirectory('secrets')).write('secret', content);
}

describe('readSecret()', () => {
  it.each([
    ['s3cret', 's3cret'],
    ['s3cret\n', 's3cret'],
    ['s3cret\r\n', 's3cret'],
    [' s3 cret \n', ' s3 cret '],
    ['s3cret\n\n', 's3cret\n'],
  ])('reads %j as %j', async (content, expected) => {
    expect(await readSecret(await fileWith(content))).toBe(expected);
  });

  it.each(['', '\n'])('refuses a file that holds %j', async (content) => {
    await expect(readSecret(await fileWith(content))).rejects.toThrow('it is empty');
  });

  it('says that there is no such file', async () => {
    await expect(readSecret('/nowhere/secret')).rejects.toThrow('"/nowhere/secret": there is no such file');
  });
});

describe('readUsers()', () => {
  it('keeps digests of the passwords, and skips comments and empty lines', async () => {
    const users = await readUsers(await fileWith('# people\n\nagent:a:b\r\nother:#x\n'));
    expect([...users.keys()]).toEqual(['agent', 'other']);
    expect(users.get('agent')).toEqual(createHash('sha256').update('a:b').digest());
    expect(users.get('other')).toEqual(createHash('sha256').update('#x').digest());
  });

  it.each([
    ['agent', ':1": the line is not name:password'],
    ['a:b\n:hunter2', ':2": the line is not name:password'],
    ['a:b\nhunter2:', ':2": the line is not name:password'],
    ['# nobody\n', 'it names no user'],
    ['', 'it names no user'],
  ])('refuses %j and shows no line of it', async (content, message) => {
    const error = await readUsers(await fileWith(content)).catch((error: unknown) => String(error));
    expect(error).toContain(message);
    expect(error).not.toContain('hunter2');
  });
});
