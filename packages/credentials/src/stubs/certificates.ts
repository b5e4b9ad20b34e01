import { X509Certificate } from 'node:crypto';

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** The certificates in a PEM text; undefined in place of one that cannot be read. What else the text holds is passed over. */
export function readCertificates(pem: string): readonly (X509Certificate | undefined)[] {
  return (pem.match(BLOCK) ?? []).map((block) => {
    try {
      return new X509Certificate(block);
    } catch {
      return undefined;
    }
  });
}

/** Each certificate once, in the order of their first appearance. */
export function uniqueCertificates(certificates: readonly X509Certificate[]): readonly X509Certificate[] {
  return [...new Map(certificates.map((found) => [found.fingerprint256, found])).values()];
}

/** Certificates as PEM, one behind the other. */
export function pemOf(certificates: readonly X509Certificate[]): string {
  return certificates.map((certificate) => certificate.toString()).join('');
}
