import type { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { getCACertificates } from 'node:tls';
import { PaudeError } from '@paude/errors';
import { readCertificates } from './certificates.ts';

/** Where Linux distributions keep the authorities that a machine trusts, as one file. */
const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/**
 * The certificates of the proxy's authority.
 *
 * @param pem Certificates alone; a private key beside them is refused.
 * @param options `where` they are from, for messages; `nowMs`, milliseconds since 1970.
 * @throws PaudeError `ca-certificate-invalid`.
 */
export function readAuthority(
  pem: string,
  { where, nowMs }: { readonly where: string; readonly nowMs: number },
): readonly X509Certificate[] {
  const fail = (why: string, remedy: string) =>
    new PaudeError('ca-certificate-invalid', { action: 'use the CA certificate', input: where, why, remedy });
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) {
    throw fail('a private key stands beside it', 'Name a file that holds the certificate alone');
  }
  const found = readCertificates(pem);
  const certificates = found.filter((certificate) => certificate !== undefined);
  if (certificates.length === 0 || certificates.length < found.length) {
    throw fail('it holds no certificate that can be read', 'Name the PEM file that paude ca show names');
  }
  if (certificates.some(({ ca }) => !ca)) {
    throw fail('it is not the certificate of an authority', 'Name the PEM file that paude ca show names');
  }
  if (certificates.every(({ validToDate }) => validToDate.getTime() <= nowMs)) {
    throw fail('it has run out', 'Start the proxy, which makes a new one, and write the stubs again');
  }
  return certificates;
}

/**
 * The authorities of a PEM file that a person named, to trust beside the proxy's own.
 *
 * @throws PaudeError `roots-invalid`.
 */
export async function readRoots(path: string): Promise<readonly X509Certificate[]> {
  const fail = (why: string, cause?: unknown) =>
    new PaudeError('roots-invalid', {
      action: 'read the authorities in',
      input: path,
      why,
      remedy: 'Name a PEM file with certificates, or leave the flag out to take those of this machine',
      cause,
    });
  let pem: string;
  try {
    pem = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw fail(code === 'ENOENT' ? 'there is no such file' : `reading it failed (${code})`, error);
  }
  const certificates = readCertificates(pem).filter((certificate) => certificate !== undefined);
  if (certificates.length === 0) throw fail('it holds no certificate');
  return certificates;
}

/**
 * The authorities that this machine trusts, or those that Node brings where it has none. Variables such as SSL_CERT_FILE
 * are not looked at: in a shell that has read `env.sh` they lead to an older bundle of ours.
 */
export async function systemRoots(): Promise<readonly X509Certificate[]> {
  for (const path of SYSTEM_BUNDLES) {
    const pem = await readFile(path, 'utf8').catch(() => '');
    const certificates = readCertificates(pem).filter((certificate) => certificate !== undefined);
    if (certificates.length > 0) return certificates;
  }
  return readCertificates(getCACertificates('bundled').join('\n')).filter(
    (certificate) => certificate !== undefined,
  );
}
