import type { X509Certificate } from 'node:crypto';
import { DER, der, derOid } from './der.ts';

const DATA = derOid('1.2.840.113549.1.7.1');
const CERT_BAG = derOid('1.2.840.113549.1.12.10.1.3');
const X509_CERTIFICATE = derOid('1.2.840.113549.1.9.22.1');
const FRIENDLY_NAME = derOid('1.2.840.113549.1.9.20');
/** Oracle's attribute: without it Java takes a certificate in PKCS #12 for a part of a chain, and trusts nothing. */
const TRUSTED_KEY_USAGE = derOid('2.16.840.1.113894.746875.1.1');
const ANY_EXTENDED_KEY_USAGE = derOid('2.5.29.37.0');

/**
 * A trust store for Java: PKCS #12 (RFC 7292) with certificates in clear and without a MAC, since it holds nothing secret
 * and whoever could change it could change the MAC of a known password as well. Java reads it with any password or none.
 *
 * @param certificates By alias; aliases are ASCII.
 */
export function trustStore(certificates: ReadonlyMap<string, X509Certificate>): Buffer {
  const bags = [...certificates].map(([alias, { raw }]) => certificateBag(alias, raw));
  const contents = der(DER.sequence, dataContent(der(DER.sequence, ...bags)));
  const version = der(DER.integer, Buffer.from([3]));
  return der(DER.sequence, version, dataContent(contents));
}

/** SafeBag (section 4.2) with a CertBag (section 4.2.3). */
function certificateBag(alias: string, certificate: Uint8Array): Buffer {
  const value = der(DER.sequence, X509_CERTIFICATE, der(DER.explicit0, der(DER.octets, certificate)));
  const name = der(DER.bmpString, Buffer.from(alias, 'utf16le').swap16());
  const attributes = der(
    DER.set,
    // A set stands in the order of its encodings (X.690 section 11.6).
    ...[
      der(DER.sequence, FRIENDLY_NAME, der(DER.set, name)),
      der(DER.sequence, TRUSTED_KEY_USAGE, der(DER.set, ANY_EXTENDED_KEY_USAGE)),
    ].sort(Buffer.compare),
  );
  return der(DER.sequence, CERT_BAG, der(DER.explicit0, value), attributes);
}

/** ContentInfo of the type `data` (RFC 5652 section 4). */
function dataContent(content: Uint8Array): Buffer {
  return der(DER.sequence, DATA, der(DER.explicit0, der(DER.octets, content)));
}
