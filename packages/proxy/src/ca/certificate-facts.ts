import { X509Certificate } from 'node:crypto';
import { unusable } from './ca-error.ts';
import type { Permissions } from './name-constraints.ts';

/** What anyone may know of a CA's certificate. */
export interface CertificateFacts {
  /** Where it is kept for whoever is to trust it. */
  readonly path: string;
  readonly pem: string;
  /** `CN=paude proxy CA 1a2b3c4d`. The same for all certificates of one key. */
  readonly subject: string;
  /** SHA-256 of the certificate, `AB:CD:…`. */
  readonly fingerprint: string;
  /** Milliseconds since 1970, as all times here. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** What it may sign for. */
  readonly permissions: Permissions;
}

/**
 * Reads a CA's certificate, PEM.
 *
 * @throws PaudeError `ca-unusable` when it is none, or not limited to hosts in our way.
 */
export async function certificateFacts(pem: string, path: string): Promise<CertificateFacts> {
  let certificate: X509Certificate;
  let permissions: Permissions | undefined;
  try {
    certificate = new X509Certificate(pem);
    // These libraries cost 25 MB of memory, which a proxy without credential routes does not pay.
    const { readPermissions } = await import('./x509.ts');
    permissions = readPermissions(pem);
  } catch (error) {
    throw unusable(path, 'it is no certificate', REMEDY, error);
  }
  if (!certificate.ca || permissions === undefined)
    throw unusable(path, 'it is not limited to hosts by name constraints of ours', REMEDY);
  return {
    path,
    pem,
    subject: certificate.subject,
    fingerprint: certificate.fingerprint256,
    notBeforeMs: certificate.validFromDate.getTime(),
    notAfterMs: certificate.validToDate.getTime(),
    permissions,
  };
}

const REMEDY = 'Name another directory, or run paude ca rotate --credentials FILE for a new authority';
