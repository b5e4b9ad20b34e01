import type { CertificateFacts } from '@paude/proxy';
import { describe, expect, it } from 'vitest';
import { describeCertificate, viewCertificate } from './certificate-view.ts';

const facts: CertificateFacts = {
  path: '/data/ca/ca.crt',
  pem: '',
  subject: 'CN=paude proxy CA 1a2b3c4d',
  fingerprint: 'AB:CD',
  notBeforeMs: Date.parse('2026-01-01T00:00:00Z'),
  notAfterMs: Date.parse('2027-01-01T00:00:00Z'),
  permissions: { names: [], addresses: [] },
};

function described(overrides: Partial<CertificateFacts>, at: string): string {
  return describeCertificate(viewCertificate({ ...facts, ...overrides }, Date.parse(at)));
}

describe('describeCertificate()', () => {
  it('says when the time of a certificate is over', () => {
    expect(described({}, '2026-12-31T23:59:59.999Z')).toContain('valid until  2027-01-01T00:00:00.000Z\n');
    expect(described({}, '2027-01-01T00:00:00Z')).toContain(
      'valid until  2027-01-01T00:00:00.000Z, which is over\n',
    );
  });

  it('says when there is no host that it may sign for', () => {
    expect(described({}, '2026-06-01')).toContain('signs for    nothing: no host has a credential route\n');
  });

  it('lists addresses as they are, below the names', () => {
    const permissions = { names: ['example.com'], addresses: ['192.0.2.0/24'] };
    expect(described({ permissions }, '2026-06-01')).toContain(
      'signs for    example.com and every name below it\n             192.0.2.0/24\n',
    );
  });
});
