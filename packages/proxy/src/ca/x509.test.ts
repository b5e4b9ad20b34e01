import 'reflect-metadata';
import { generateKeyPairSync } from 'node:crypto';
import { AsnConvert } from '@peculiar/asn1-schema';
import {
  GeneralName,
  GeneralSubtree,
  GeneralSubtrees,
  id_ce_nameConstraints,
  NameConstraints,
} from '@peculiar/asn1-x509';
import {
  BasicConstraintsExtension,
  Extension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { describe, expect, it } from 'vitest';
import { certifyAuthority, readPermissions } from './x509.ts';

const validity = { notBeforeMs: Date.now(), notAfterMs: Date.now() + 3_600_000 };
const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** A certificate of another make for `github.com`, with these constraints besides. */
async function foreign(
  more: { permitted?: readonly GeneralName[]; excluded?: readonly GeneralName[]; critical?: boolean } = {},
): Promise<string> {
  const { permitted = [], excluded = [], critical = true } = more;
  const subtrees = (bases: readonly GeneralName[]) =>
    new GeneralSubtrees(bases.map((base) => new GeneralSubtree({ base })));
  const constraints = new NameConstraints({
    permittedSubtrees: subtrees([new GeneralName({ dNSName: 'github.com' }), ...permitted]),
    ...(excluded.length === 0 ? {} : { excludedSubtrees: subtrees(excluded) }),
  });
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=another',
    keys: {
      privateKey: keys.privateKey.toCryptoKey(algorithm, true, ['sign']),
      publicKey: keys.publicKey.toCryptoKey(algorithm, true, ['verify']),
    },
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new Extension(id_ce_nameConstraints, critical, AsnConvert.serialize(constraints)),
    ],
  });
  return certificate.toString('pem');
}

/** What a certificate permits and excludes, as it stands in it. */
function constraintsOf(pem: string): readonly (readonly GeneralName[])[] {
  const extension = new X509Certificate(pem).getExtension(id_ce_nameConstraints);
  if (extension === null) throw new Error('it has no name constraints');
  const { permittedSubtrees, excludedSubtrees } = AsnConvert.parse(extension.value, NameConstraints);
  return [permittedSubtrees, excludedSubtrees].map((subtrees) =>
    [...(subtrees ?? [])].map(({ base }) => base),
  );
}

const noIpv4 = new GeneralName({ iPAddress: '0.0.0.0/0' });
const noIpv6 = new GeneralName({ iPAddress: '::/0' });

describe('certifyAuthority()', () => {
  it.each([
    [['github.com'], [], [{ dNSName: 'github.com' }], [{ iPAddress: '0.0.0.0/0' }, { iPAddress: '::/0' }]],
    [
      ['github.com'],
      ['10.0.0.0/8'],
      [{ dNSName: 'github.com' }, { iPAddress: '10.0.0.0/8' }],
      [{ iPAddress: '::/0' }],
    ],
    // Not every client understands that the empty domain is every domain.
    [
      [],
      ['10.0.0.0/8', '2001:db8::/32'],
      [{ dNSName: 'invalid' }, { iPAddress: '10.0.0.0/8' }, { iPAddress: '2001:db8::/32' }],
      [{ dNSName: '' }],
    ],
  ])('leaves no kind of host open for %j and %j', async (names, addresses, permitted, excluded) => {
    const pem = await certifyAuthority(keys, { permissions: { names, addresses }, ...validity });
    expect(constraintsOf(pem)).toEqual([
      permitted.map((base) => expect.objectContaining(base)),
      excluded.map((base) => expect.objectContaining(base)),
    ]);
  });
});

describe('readPermissions()', () => {
  it.each([
    { names: ['github.com'], addresses: [] },
    { names: ['a.example.com', 'b.example.com'], addresses: ['10.0.0.0/8', '2001:db8::/33'] },
    { names: [], addresses: ['192.0.2.7/32'] },
    { names: [], addresses: [] },
  ])('reads %j as it was written', async (permissions) => {
    expect(readPermissions(await certifyAuthority(keys, { permissions, ...validity }))).toEqual(permissions);
  });

  it('reads what another has written in just our way', async () => {
    const pem = await foreign({ excluded: [noIpv4, noIpv6] });
    expect(readPermissions(pem)).toEqual({ names: ['github.com'], addresses: [] });
  });

  it.each<[string, Parameters<typeof foreign>[0]]>([
    ['leave addresses open', {}],
    ['leave addresses of one family open', { excluded: [noIpv4] }],
    ['are not critical', { excluded: [noIpv4, noIpv6], critical: false }],
    [
      'permit another kind of name',
      { permitted: [new GeneralName({ rfc822Name: 'github.com' })], excluded: [noIpv4, noIpv6] },
    ],
    ['exclude more', { excluded: [noIpv4, noIpv6, new GeneralName({ dNSName: 'api.github.com' })] }],
  ])('does not take constraints for ours that %s', async (_what, more) => {
    expect(readPermissions(await foreign(more))).toBeUndefined();
  });
});
