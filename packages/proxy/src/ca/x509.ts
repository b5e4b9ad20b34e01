/// <reference path="./web-crypto-globals.d.ts" />
import 'reflect-metadata';
import { createHash, type KeyObject, randomBytes, type webcrypto } from 'node:crypto';
import { type Host, hostKind, parseCidr } from '@paude/allowlist';
import { AsnConvert } from '@peculiar/asn1-schema';
import {
  GeneralName,
  GeneralSubtree,
  GeneralSubtrees,
  id_ce_nameConstraints,
  NameConstraints,
} from '@peculiar/asn1-x509';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { Permissions } from './name-constraints.ts';

/** A key with its public half, P-256. */
export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** From when until when a certificate holds, milliseconds since 1970. */
export interface Validity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Signs certificates of servers in the name of one authority. */
export interface LeafSigner {
  /** The certificate of a server, PEM. */
  sign(host: Host, publicKey: KeyObject, validity: Validity): Promise<string>;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** No name of a host: OpenSSL holds a common name that could be one against the name constraints. */
const LEAF_SUBJECT = 'CN=paude proxy';

/** A domain that can never be (RFC 6761): what is permitted in place of no name at all. */
const NO_NAME = 'invalid';

/**
 * A self-signed certificate that may sign for the hosts of `permissions` and nothing else, PEM. Certificates for the same
 * key have the same subject, so that what one has signed holds under the other as well.
 */
export async function certifyAuthority(
  keys: KeyPair,
  { permissions, ...validity }: Validity & { readonly permissions: Permissions },
): Promise<string> {
  const publicKey = toPublic(keys.publicKey);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=paude proxy CA ${shortId(keys.publicKey)}`,
    ...dates(validity),
    keys: { privateKey: toPrivate(keys.privateKey), publicKey },
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
      // What it signs is good for servers alone: not for clients, mail or code.
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new Extension(id_ce_nameConstraints, true, AsnConvert.serialize(nameConstraints(permissions))),
      await SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

/** Signs for an authority with its certificate, PEM, and its key. */
export async function leafSigner(authorityPem: string, keys: KeyPair): Promise<LeafSigner> {
  const { subjectName } = new X509Certificate(authorityPem);
  const signingKey = toPrivate(keys.privateKey);
  // The authority is named by its key alone: by its serial number, a certificate that takes the place of another for the
  // same key would not fit.
  const authorityKey = await AuthorityKeyIdentifierExtension.create(toPublic(keys.publicKey));
  return {
    async sign(host, leafKey, validity) {
      const publicKey = await PublicKey.create(toPublic(leafKey));
      const certificate = await X509CertificateGenerator.create({
        serialNumber: serialNumber(),
        subject: LEAF_SUBJECT,
        issuer: subjectName,
        ...dates(validity),
        publicKey,
        signingKey,
        signingAlgorithm: ALGORITHM,
        extensions: [
          new BasicConstraintsExtension(false, undefined, true),
          new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
          new SubjectAlternativeNameExtension([
            { type: hostKind(host) === 'name' ? 'dns' : 'ip', value: host },
          ]),
          // Python from 3.13 on refuses a chain without the two key identifiers.
          await SubjectKeyIdentifierExtension.create(publicKey),
          authorityKey,
        ],
      });
      return `${certificate.toString('pem')}\n`;
    },
  };
}

/** What a certificate of ours, PEM, is limited to; undefined when its constraints are not what we would write. */
export function readPermissions(pem: string): Permissions | undefined {
  const extension = new X509Certificate(pem).getExtension(id_ce_nameConstraints);
  if (extension?.critical !== true) return undefined;
  const { permittedSubtrees = [] } = AsnConvert.parse(extension.value, NameConstraints);
  const bases = [...permittedSubtrees].map(({ base }) => base);
  const permissions = {
    names: bases.flatMap(({ dNSName }) => (dNSName === undefined || dNSName === NO_NAME ? [] : [dNSName])),
    addresses: bases.flatMap(({ iPAddress }) => (iPAddress === undefined ? [] : [parseCidr(iPAddress).text])),
  };
  // Constraints of another make can mean more than what was just read of them.
  const ours = AsnConvert.serialize(nameConstraints(permissions));
  return Buffer.from(ours).equals(Buffer.from(extension.value)) ? permissions : undefined;
}

/**
 * A kind of name that no permitted entry is of is not limited at all. So a domain is always permitted, if need be one that
 * can never be, and the addresses of a family without permitted ranges are excluded.
 */
function nameConstraints({ names, addresses }: Permissions): NameConstraints {
  const hasFamily = (family: 4 | 6) => addresses.some((text) => parseCidr(text).family === family);
  const permitted = [
    ...(names.length === 0 ? [NO_NAME] : names).map((dNSName) => new GeneralName({ dNSName })),
    ...addresses.map((iPAddress) => new GeneralName({ iPAddress })),
  ];
  const excluded = [
    ...(names.length === 0 ? [new GeneralName({ dNSName: '' })] : []),
    ...(hasFamily(4) ? [] : [new GeneralName({ iPAddress: '0.0.0.0/0' })]),
    ...(hasFamily(6) ? [] : [new GeneralName({ iPAddress: '::/0' })]),
  ];
  return new NameConstraints({
    permittedSubtrees: subtrees(permitted),
    ...(excluded.length === 0 ? {} : { excludedSubtrees: subtrees(excluded) }),
  });
}

function subtrees(bases: readonly GeneralName[]): GeneralSubtrees {
  return new GeneralSubtrees(bases.map((base) => new GeneralSubtree({ base })));
}

function toPrivate(key: KeyObject): webcrypto.CryptoKey {
  return key.toCryptoKey(ALGORITHM, false, ['sign']);
}

function toPublic(key: KeyObject): webcrypto.CryptoKey {
  return key.toCryptoKey(ALGORITHM, true, ['verify']);
}

function dates({ notBeforeMs, notAfterMs }: Validity): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(notBeforeMs), notAfter: new Date(notAfterMs) };
}

function shortId(publicKey: KeyObject): string {
  const hash = createHash('sha256').update(publicKey.export({ type: 'spki', format: 'der' }));
  return hash.digest('hex').slice(0, 8);
}

function serialNumber(): string {
  return randomBytes(16).toString('hex');
}
