/// <reference path="../../packages/proxy/src/ca/web-crypto-globals.d.ts" />
import 'reflect-metadata';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { TemporaryDirectory } from './temporary.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const hourMs = 3_600_000;

interface Issuer {
  readonly certificate: X509Certificate;
  readonly keys: CryptoKeyPair;
}

/** A throwaway leaf certificate with its key, and the authority that signed it; all PEM. */
export interface TestCertificate {
  readonly caPem: string;
  readonly certPem: string;
  readonly keyPem: string;
}

/** The same as files, for programs that take paths. */
export interface CertificateFiles extends TestCertificate {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** Options of {@link certificateFor}. */
export interface CertificateOptions {
  /** Which of the process's test authorities signs; each label is an authority of its own. @default 'test' */
  readonly authority?: string;
  /** When it runs out, from now; negative for one that already has. @default 1 day */
  readonly lifetimeMs?: number;
}

const authorities = new Map<string, Promise<Issuer>>();
const leaves = new Map<string, Promise<TestCertificate>>();

/** A leaf for these names and addresses, P-256, signed by a test authority. Made once a process for the same wish. */
export function certificateFor(
  names: readonly string[],
  options: CertificateOptions = {},
): Promise<TestCertificate> {
  const { authority = 'test', lifetimeMs = 24 * hourMs } = options;
  return remember(leaves, JSON.stringify([names, authority, lifetimeMs]), () =>
    issue(names, authority, lifetimeMs),
  );
}

/** The certificate of the test authority, PEM: what a client must trust. */
export async function authorityPem(authority = 'test'): Promise<string> {
  return (await authorityFor(authority)).certificate.toString('pem');
}

/** A test authority with its key: for a proxy that signs certificates itself. */
export async function authorityWithKey(label: string): Promise<Pick<TestCertificate, 'certPem' | 'keyPem'>> {
  const { certificate, keys } = await authorityFor(label);
  return { certPem: certificate.toString('pem'), keyPem: await keyPemOf(keys) };
}

/** Writes the certificate, its key and its authority into `directory`, named after the first name. */
export async function writeCertificate(
  certificate: TestCertificate,
  directory: TemporaryDirectory,
  name = 'leaf',
): Promise<CertificateFiles> {
  const [caFile, certFile, keyFile] = await Promise.all([
    directory.write(`${name}-ca.pem`, certificate.caPem, 0o644),
    directory.write(`${name}.pem`, certificate.certPem, 0o644),
    directory.write(`${name}-key.pem`, certificate.keyPem),
  ]);
  return { ...certificate, caFile, certFile, keyFile };
}

function authorityFor(label: string): Promise<Issuer> {
  return remember(authorities, label, async () => {
    const keys = await generateKeys();
    const certificate = await X509CertificateGenerator.createSelfSigned({
      ...validity(48 * hourMs),
      name: `CN=paude ${label} authority`,
      keys,
      signingAlgorithm: algorithm,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    return { certificate, keys };
  });
}

async function issue(
  names: readonly string[],
  authority: string,
  lifetimeMs: number,
): Promise<TestCertificate> {
  const [issuer, keys] = await Promise.all([authorityFor(authority), generateKeys()]);
  const certificate = await X509CertificateGenerator.create({
    ...validity(lifetimeMs),
    subject: 'CN=paude test leaf',
    issuer: issuer.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: issuer.keys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
      // Python from 3.13 on refuses a chain without the two key identifiers.
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer.keys.publicKey),
      new SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }) as const),
      ),
    ],
  });
  return {
    caPem: issuer.certificate.toString('pem'),
    certPem: certificate.toString('pem'),
    keyPem: await keyPemOf(keys),
  };
}

async function keyPemOf(keys: CryptoKeyPair): Promise<string> {
  return PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
}

function generateKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

/** From an hour (or, for one that has run out, a day) before now, so that clocks may differ a little. */
function validity(lifetimeMs: number): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return {
    notBefore: new Date(now - (lifetimeMs > 0 ? hourMs : 24 * hourMs)),
    notAfter: new Date(now + lifetimeMs),
  };
}

function remember<T>(cache: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const known = cache.get(key) ?? make();
  cache.set(key, known);
  return known;
}
