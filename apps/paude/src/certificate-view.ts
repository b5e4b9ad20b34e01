import type { CertificateFacts } from '@paude/proxy';
import { formatColumns } from './columns.ts';

/** A CA's certificate as a script reads it; times in ISO 8601. */
export interface CertificateView {
  readonly path: string;
  readonly subject: string;
  /** SHA-256 of the certificate. */
  readonly fingerprint: string;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly isExpired: boolean;
  /** Domains that it may sign for, with every name below them. */
  readonly names: readonly string[];
  /** Address ranges that it may sign for. */
  readonly addresses: readonly string[];
}

/** A certificate for `--output json`. */
export function viewCertificate(facts: CertificateFacts, nowMs: number): CertificateView {
  const { path, subject, fingerprint, notBeforeMs, notAfterMs, permissions } = facts;
  return {
    path,
    subject,
    fingerprint,
    notBefore: new Date(notBeforeMs).toISOString(),
    notAfter: new Date(notAfterMs).toISOString(),
    isExpired: nowMs >= notAfterMs,
    ...permissions,
  };
}

/** A certificate for people. */
export function describeCertificate(view: CertificateView): string {
  const { path, subject, fingerprint, notBefore, notAfter, isExpired, names, addresses } = view;
  const hosts = [...names.map((name) => `${name} and every name below it`), ...addresses];
  const [first = 'nothing: no host has a credential route', ...others] = hosts;
  return formatColumns([
    ['certificate', path],
    ['subject', subject],
    ['sha-256', fingerprint],
    ['valid from', notBefore],
    ['valid until', isExpired ? `${notAfter}, which is over` : notAfter],
    ['signs for', first],
    ...others.map((host) => ['', host]),
  ]);
}
