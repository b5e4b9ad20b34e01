import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  chmod,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { parseHost } from '@paude/allowlist';
import { describe, expect, it } from 'vitest';
import { untilTestEnds } from '../../../../test/support/teardown.ts';
import { temporaryDirectory } from '../../../../test/support/temporary.ts';
import { AuthorityFiles } from './authority-files.ts';
import { openAuthority } from './certificate-authority.ts';
import { patternsOf } from './testing/patterns-of.ts';
import { refusalOf } from './testing/refusal-of.ts';

const github = patternsOf('.github.com');
const keyOf = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
const KEY = /^-----BEGIN PRIVATE KEY-----\n[\w+/=\n]+-----END PRIVATE KEY-----\n/;

function pemOf(key: KeyObject): string {
  return String(key.export({ type: 'pkcs8', format: 'pem' }));
}

/** Changes the text of the key file. */
async function edit(directory: string, change: (text: string) => string): Promise<void> {
  const file = join(directory, 'ca.key');
  const text = await readFile(file, 'utf8');
  expect(change(text)).not.toBe(text);
  await writeFile(file, change(text));
}

/** The certificate of a server, signed by the authority, with its key. */
async function leafOf(directory: string): Promise<{ key: string; leaf: string }> {
  const { authority } = await openAuthority(directory, github);
  const { privateKey, publicKey } = keyOf('P-256');
  const { notBeforeMs, notAfterMs } = authority.certificate;
  const leaf = await authority.signer.sign(parseHost('github.com'), publicKey, { notBeforeMs, notAfterMs });
  return { key: pemOf(privateKey), leaf };
}

/** Names, modes and contents. */
async function snapshot(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory);
  return Promise.all(
    names.sort().map(async (name) => {
      const path = join(directory, name);
      const content = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => error.code);
      return `${name} ${(await stat(path)).mode} ${content}`;
    }),
  );
}

describe('the files of an authority', () => {
  it.each<[string, string, (directory: string) => Promise<unknown>]>([
    [
      'a key that others can read',
      'others can use this key (mode 0644)',
      (at) => chmod(join(at, 'ca.key'), 0o644),
    ],
    [
      'a key that its group can read',
      'others can use this key (mode 0640)',
      (at) => chmod(join(at, 'ca.key'), 0o640),
    ],
    [
      'a key that others can write',
      'others can use this key (mode 0602)',
      (at) => chmod(join(at, 'ca.key'), 0o602),
    ],
    [
      'a link to a key',
      'it is a symbolic link',
      async (at) => {
        await rename(join(at, 'ca.key'), join(at, 'other.key'));
        await symlink('other.key', join(at, 'ca.key'));
      },
    ],
    ['a certificate without its key', 'ca.crt is there without its ca.key', (at) => rm(join(at, 'ca.key'))],
    [
      'a key without its certificate',
      'it holds no key with its certificate',
      (at) => edit(at, (text) => KEY.exec(text)?.[0] ?? text),
    ],
    ['a file that was cut off', 'it is damaged', (at) => truncate(join(at, 'ca.key'), 700)],
    ['an empty file', 'it holds no key with its certificate', (at) => truncate(join(at, 'ca.key'), 0)],
    [
      'a key that cannot be read',
      'what it holds cannot be read',
      (at) => edit(at, (text) => text.replace(/(KEY-----\n)[^-]*/, '$1AAAA\n')),
    ],
    [
      'a certificate that cannot be read',
      'what it holds cannot be read',
      (at) => edit(at, (text) => text.replace(/(CERTIFICATE-----\n)[^-]*/, '$1AAAA\n')),
    ],
    [
      'the key of another authority',
      'its certificate is not that of its key',
      (at) => edit(at, (text) => text.replace(KEY, pemOf(keyOf('P-256').privateKey))),
    ],
    [
      'a key of another kind',
      'its key is not one for P-256',
      (at) => edit(at, (text) => text.replace(KEY, pemOf(keyOf('P-384').privateKey))),
    ],
    [
      'a certificate that another authority has signed',
      'its certificate is not that of its key',
      async (at) => {
        const { key, leaf } = await leafOf(at);
        await writeFile(join(at, 'ca.key'), `${key}${leaf}`);
      },
    ],
    [
      'a certificate that it has signed for another key',
      'its certificate is not that of its key',
      async (at) => {
        const { leaf } = await leafOf(at);
        await edit(at, (text) => `${KEY.exec(text)?.[0]}${leaf}`);
      },
    ],
    [
      'a directory in place of the key',
      'it is no file of a certificate authority',
      async (at) => {
        await rm(join(at, 'ca.key'));
        await mkdir(join(at, 'ca.key'), { mode: 0o700 });
      },
    ],
    [
      'a directory that its group can write to',
      'others can write to this directory, and put a key of theirs in it',
      (at) => chmod(at, 0o770),
    ],
    [
      'a directory that everyone can write to',
      'others can write to this directory, and put a key of theirs in it',
      (at) => chmod(at, 0o1777),
    ],
  ])('are refused for %s: %s. All stays as it is', async (_what, why, spoil) => {
    const directory = untilTestEnds(await temporaryDirectory('ca')).join('ca');
    await openAuthority(directory, github);
    await spoil(directory);
    const before = await snapshot(directory);
    // Also when there would be a reason to write: other hosts are routed.
    for (const patterns of [github, patternsOf('api.example.com')]) {
      const error = await refusalOf(() => openAuthority(directory, patterns));
      expect({ code: error.code, why: error.why }).toEqual({ code: 'ca-unusable', why });
      expect(`${JSON.stringify(error)}${error.stack}${error.cause}`).not.toContain('PRIVATE KEY');
    }
    expect(await snapshot(directory)).toEqual(before);
  });

  it('are refused where a file stands in place of their directory', async () => {
    const file = await untilTestEnds(await temporaryDirectory('ca')).write('ca', '');
    const { message } = await refusalOf(() => openAuthority(file, github));
    expect(message).toBe(
      `Cannot use the certificate authority in "${file}": making it failed (EEXIST). Name a directory that this user, and nobody else, can write to.`,
    );
  });

  it('are not replaced when they are not what they were any longer', async () => {
    const files = new AuthorityFiles(untilTestEnds(await temporaryDirectory('ca')).join('ca'));
    await files.prepare();
    expect(await files.create('first')).toBe(true);
    expect(await files.create('second')).toBe(false);
    expect(await files.replace('third', 'second')).toBe(false);
    expect(await files.readKey()).toBe('first');
    expect(await files.replace('third', 'first')).toBe(true);
    expect(await files.readKey()).toBe('third');
    expect(await readdir(files.directory)).toEqual(['ca.key']);
  });
});
