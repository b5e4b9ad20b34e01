import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { expect, test } from 'vitest';
import { authorityPem, certificateFor, writeCertificate } from './certificates.ts';
import { untilTestEnds } from './teardown.ts';
import { temporaryDirectory } from './temporary.ts';

test('certificateFor() signs names and addresses with the test authority', async () => {
  const made = await certificateFor(['api.example.test', '127.0.0.1', '::1']);
  const leaf = new X509Certificate(made.certPem);
  const authority = new X509Certificate(made.caPem);
  expect(leaf.verify(authority.publicKey)).toBe(true);
  expect(authority.ca).toBe(true);
  expect(leaf.checkHost('api.example.test')).toBe('api.example.test');
  expect(leaf.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(leaf.checkIP('::1')).toBe('::1');
  expect(() => createSecureContext({ key: made.keyPem, cert: made.certPem })).not.toThrow();
});

test('certificateFor() makes the same wish once', async () => {
  expect(await certificateFor(['a.test'])).toBe(await certificateFor(['a.test']));
  expect((await certificateFor(['a.test'])).caPem).toBe(await authorityPem());
});

test('certificateFor() can sign with another authority, and make one that has run out', async () => {
  const other = await certificateFor(['a.test'], { authority: 'stranger', lifetimeMs: -1_000 });
  expect(other.caPem).not.toBe(await authorityPem());
  expect(new Date(new X509Certificate(other.certPem).validTo).getTime()).toBeLessThan(Date.now());
});

test('writeCertificate() leaves the three PEM files', async () => {
  const directory = untilTestEnds(await temporaryDirectory('certificates'));
  const files = await writeCertificate(await certificateFor(['b.test']), directory);
  expect(await readFile(files.caFile, 'utf8')).toBe(files.caPem);
  expect(await readFile(files.certFile, 'utf8')).toBe(files.certPem);
  expect(await readFile(files.keyFile, 'utf8')).toBe(files.keyPem);
});
