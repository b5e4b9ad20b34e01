import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { renameSync, statSync } from 'node:fs';
import { chmod, readdir, readFile, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { parseHost } from '@paude/allowlist';
import { describe, expect, it } from 'vitest';
import { untilTestEnds } from '../../../../test/support/teardown.ts';
import { temporaryDirectory } from '../../../../test/support/temporary.ts';
import { openAuthority, readCertificate, rotateAuthority } from './certificate-authority.ts';
import { patternsOf } from './testing/patterns-of.ts';
import { refusalOf } from './testing/refusal-of.ts';

const DAY_MS = 86_400_000;
const github = patternsOf('.github.com');

/** A directory that does not exist yet, inside one that does. */
async function place(): Promise<string> {
  return untilTestEnds(await temporaryDirectory('ca')).join('state', 'ca');
}

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o7777).toString(8);
}

const read = (directory: string, name: string) => readFile(join(directory, name), 'utf8');

describe('openAuthority()', () => {
  it('makes a directory for its user alone, with a key that only its user can read', async () => {
    const directory = await place();
    const { authority, outcome } = await openAuthority(directory, github);
    expect(outcome).toBe('created');
    expect(await modeOf(directory)).toBe('700');
    expect((await readdir(directory)).sort()).toEqual(['ca.crt', 'ca.key']);
    expect(await modeOf(join(directory, 'ca.key'))).toBe('600');
    expect(await modeOf(join(directory, 'ca.crt'))).toBe('644');
    expect(await read(directory, 'ca.crt')).toBe(authority.certificate.pem);
    expect(await read(directory, 'ca.crt')).not.toContain('PRIVATE');
  });

  it('makes a certificate for a year, limited to the routed hosts', async () => {
    const nowMs = 1_800_000_000_000;
    const directory = await place();
    const { authority } = await openAuthority(directory, github, { now: () => nowMs });
    const { subject, fingerprint, pem, ...facts } = authority.certificate;
    expect(subject).toMatch(/^CN=paude proxy CA [\da-f]{8}$/);
    expect(fingerprint).toBe(new X509Certificate(pem).fingerprint256);
    expect(facts).toEqual({
      path: join(directory, 'ca.crt'),
      notBeforeMs: nowMs - 3_600_000,
      notAfterMs: nowMs + 365 * DAY_MS,
      permissions: { names: ['github.com'], addresses: [] },
    });
    expect(authority.renewAtMs).toBe(nowMs + 275 * DAY_MS);
    const certificate = new X509Certificate(pem);
    expect(certificate.ca).toBe(true);
    expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
  });

  it('uses what is there, and then writes nothing', async () => {
    const directory = await place();
    const first = await openAuthority(directory, patternsOf('.github.com', '192.0.2.0/24'));
    const identities = async () =>
      Promise.all(
        ['', 'ca.key', 'ca.crt'].map(async (name) => {
          const { ino, mtimeMs } = await stat(join(directory, name));
          return { ino, mtimeMs };
        }),
      );
    const before = await identities();
    const second = await openAuthority(directory, patternsOf('192.0.2.0/24', '.github.com'));
    expect(second.outcome).toBe('kept');
    expect(second.authority.certificate).toEqual(first.authority.certificate);
    expect(await identities()).toEqual(before);
  });

  it.each([
    ['widened', ['api.example.com', '.github.com']],
    ['widened', ['api.example.com']],
    ['narrowed', ['api.github.com']],
    ['narrowed', []],
  ])('gives its key another certificate, %s, for %j', async (expected, words) => {
    const directory = await place();
    const first = await openAuthority(directory, github);
    const second = await openAuthority(directory, patternsOf(...words));
    const [before, after] = [first.authority.certificate, second.authority.certificate];
    expect(second.outcome).toBe(expected);
    expect(after.subject).toBe(before.subject);
    expect(after.permissions.names).toEqual(words.map((word) => word.replace(/^\./, '')));
    expect(new X509Certificate(after.pem).publicKey.equals(new X509Certificate(before.pem).publicKey)).toBe(
      true,
    );
    expect(new X509Certificate(after.pem).serialNumber).not.toBe(
      new X509Certificate(before.pem).serialNumber,
    );
    expect(await readCertificate(directory)).toEqual(after);
    expect((await openAuthority(directory, patternsOf(...words))).outcome).toBe('kept');
  });

  it('renews its certificate, for the same key, ninety days before it runs out', async () => {
    const directory = await place();
    const { authority } = await openAuthority(directory, github);
    const { renewAtMs, certificate } = authority;
    const early = await openAuthority(directory, github, { now: () => renewAtMs - 1 });
    expect(early.outcome).toBe('kept');
    const due = await openAuthority(directory, github, { now: () => renewAtMs });
    expect(due.outcome).toBe('renewed');
    expect(due.authority.certificate.subject).toBe(certificate.subject);
    expect(due.authority.certificate.notAfterMs).toBe(renewAtMs + 365 * DAY_MS);
  });

  it('makes a new key when the certificate has run out', async () => {
    const directory = await place();
    const { authority } = await openAuthority(directory, github);
    const { notAfterMs, subject } = authority.certificate;
    const late = await openAuthority(directory, github, { now: () => notAfterMs });
    expect(late.outcome).toBe('expired');
    expect(late.authority.certificate.subject).not.toBe(subject);
  });

  it('uses the key of another process that was quicker', async () => {
    const [directory, elsewhere] = [await place(), await place()];
    const { authority } = await openAuthority(directory, github);
    const now = () => authority.certificate.notAfterMs;
    const other = await openAuthority(elsewhere, github, { now });
    const { ino } = statSync(join(directory, 'ca.key'));
    const opening = openAuthority(directory, github, { now });
    // At once when its own new key is there, another takes the place of it.
    for (let turn = 0; turn < 1_000_000 && statSync(join(directory, 'ca.key')).ino === ino; turn++) {
      await setImmediate();
    }
    renameSync(join(elsewhere, 'ca.key'), join(directory, 'ca.key'));
    expect((await opening).authority.certificate.fingerprint).toBe(other.authority.certificate.fingerprint);
    expect(await read(directory, 'ca.crt')).toBe(other.authority.certificate.pem);
  });

  it('refuses a certificate whose time has not begun, and keeps it', async () => {
    const directory = await place();
    const { authority } = await openAuthority(directory, github);
    const now = () => authority.certificate.notBeforeMs - 1;
    const { code, why } = await refusalOf(() => openAuthority(directory, github, { now }));
    expect({ code, why }).toEqual({
      code: 'ca-unusable',
      why: `its certificate holds only from ${new Date(now() + 1).toISOString()} on`,
    });
    expect((await openAuthority(directory, github)).outcome).toBe('kept');
  });

  it.each([
    ['is gone', (file: string) => rm(file)],
    ['is that of before a crash', (file: string) => writeFile(file, 'another certificate')],
    ['is a link', (file: string) => rename(file, `${file}.1`).then(() => symlink('ca.crt.1', file))],
  ])('puts the copy of its certificate right when it %s', async (_what, spoil) => {
    const directory = await place();
    const { authority } = await openAuthority(directory, github);
    await spoil(join(directory, 'ca.crt'));
    expect((await openAuthority(directory, github)).outcome).toBe('kept');
    expect(await readCertificate(directory)).toEqual(authority.certificate);
  });

  it('makes nothing for a route that is too wide', async () => {
    const directory = await place();
    const { code } = await refusalOf(() => openAuthority(directory, patternsOf('all')));
    expect(code).toBe('route-too-wide');
    await expect(stat(directory)).rejects.toThrow('ENOENT');
  });
});

describe('rotateAuthority()', () => {
  it('makes a new key for the hosts of before, which a proxy notices when it opens the authority again', async () => {
    const directory = await place();
    const before = await openAuthority(directory, github);
    const rotated = await rotateAuthority(directory);
    expect(rotated.subject).not.toBe(before.authority.certificate.subject);
    expect(rotated.permissions).toEqual(before.authority.certificate.permissions);
    const after = await openAuthority(directory, github);
    expect(after.outcome).toBe('kept');
    expect(after.authority.certificate).toEqual(rotated);
    expect(await modeOf(join(directory, 'ca.key'))).toBe('600');
    expect((await readdir(directory)).sort()).toEqual(['ca.crt', 'ca.key']);
  });

  it('takes other hosts', async () => {
    const directory = await place();
    await openAuthority(directory, github);
    const { permissions } = await rotateAuthority(directory, { patterns: patternsOf('api.example.com') });
    expect(permissions).toEqual({ names: ['api.example.com'], addresses: [] });
  });

  it('makes the first one when it is told the hosts', async () => {
    const directory = await place();
    const made = await rotateAuthority(directory, { patterns: github });
    expect(await modeOf(directory)).toBe('700');
    expect((await openAuthority(directory, github)).authority.certificate).toEqual(made);
  });

  it.each([
    ['others could read', (at: string) => chmod(join(at, 'ca.key'), 0o644)],
    ['is damaged', (at: string) => truncate(join(at, 'ca.key'), 100)],
    ['is gone', (at: string) => rm(join(at, 'ca.key'))],
    [
      'is a link',
      (at: string) =>
        rename(join(at, 'ca.key'), `${at}.key`).then(() => symlink(`${at}.key`, join(at, 'ca.key'))),
    ],
  ])('replaces a key that %s', async (_what, spoil) => {
    const directory = await place();
    const before = await openAuthority(directory, github);
    await spoil(directory);
    const rotated = await rotateAuthority(directory);
    expect(rotated.subject).not.toBe(before.authority.certificate.subject);
    const { outcome, authority } = await openAuthority(directory, github);
    expect({ outcome, certificate: authority.certificate }).toEqual({
      outcome: 'kept',
      certificate: rotated,
    });
  });

  it('finds the hosts of before in the key file when the copy is not there yet', async () => {
    const directory = await place();
    await openAuthority(directory, github);
    await rm(join(directory, 'ca.crt'));
    expect((await rotateAuthority(directory)).permissions.names).toEqual(['github.com']);
  });

  it('needs to be told the hosts when there is nothing to find them in', async () => {
    const directory = await place();
    expect((await refusalOf(() => rotateAuthority(directory))).code).toBe('ca-missing');
    await expect(stat(directory)).rejects.toThrow('ENOENT');
    await openAuthority(directory, github);
    await writeFile(join(directory, 'ca.crt'), 'no certificate');
    const { code, remedy } = await refusalOf(() => rotateAuthority(directory));
    expect(code).toBe('ca-unusable');
    expect(remedy).toContain('paude ca rotate --credentials FILE');
    await rotateAuthority(directory, { patterns: github });
    expect((await openAuthority(directory, github)).outcome).toBe('kept');
  });
});

describe('readCertificate()', () => {
  it('says what anyone may know, without the key', async () => {
    const directory = await place();
    const { authority } = await openAuthority(
      directory,
      patternsOf('.github.com', '192.0.2.7', '[2001:db8::]/32'),
    );
    await rm(join(directory, 'ca.key'));
    expect(await readCertificate(directory)).toEqual(authority.certificate);
    expect(authority.certificate.permissions).toEqual({
      names: ['github.com'],
      addresses: ['192.0.2.7/32', '2001:db8::/32'],
    });
  });

  it('says how to get an authority where there is none', async () => {
    const directory = await place();
    expect((await refusalOf(() => readCertificate(directory))).message).toBe(
      `Cannot find the certificate authority in "${directory}": there is none. Start the proxy with credential routes, which makes one, or name its directory with --ca-dir.`,
    );
  });

  it('refuses a certificate that is not limited to hosts', async () => {
    const directory = await place();
    const { authority } = await openAuthority(directory, github);
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { notBeforeMs, notAfterMs } = authority.certificate;
    const leaf = await authority.signer.sign(parseHost('github.com'), publicKey, { notBeforeMs, notAfterMs });
    await writeFile(join(directory, 'ca.crt'), leaf);
    expect((await refusalOf(() => readCertificate(directory))).why).toBe(
      'it is not limited to hosts by name constraints of ours',
    );
  });
});
