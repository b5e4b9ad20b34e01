import { describe, expect, it } from 'vitest';
import { authorityPem, certificateFor } from '../../../../test/support/certificates.ts';
import { untilTestEnds } from '../../../../test/support/teardown.ts';
import { temporaryDirectory } from '../../../../test/support/temporary.ts';
import { readAuthority, readRoots, systemRoots } from './authorities.ts';
import { pemOf, readCertificates, uniqueCertificates } from './certificates.ts';

const options = { where: 'ca.crt', nowMs: Date.now() };

describe('readAuthority()', () => {
  it('reads one certificate or several, with text around them', async () => {
    const [first, second] = [await authorityPem('one'), await authorityPem('two')];
    const found = readAuthority(`Bag Attributes\n${first}\nfriendlyName: x\n${second}`, options);
    expect(found.map(({ subject }) => subject)).toEqual(['CN=paude one authority', 'CN=paude two authority']);
  });

  it.each([
    ['nothing', async () => '', 'it holds no certificate that can be read'],
    [
      'half a certificate',
      async () => (await authorityPem()).replace(/\n.*\n-----END/, '\n-----END'),
      'it holds no certificate that can be read',
    ],
    [
      'a good and a bad certificate',
      async () => `${await authorityPem()}\n-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n`,
      'it holds no certificate that can be read',
    ],
    [
      'the certificate of a server',
      async () => (await certificateFor(['a.test'])).certPem,
      'it is not the certificate of an authority',
    ],
    [
      'a private key beside it',
      async () => `${(await certificateFor(['a.test'])).keyPem}\n${await authorityPem()}`,
      'a private key stands beside it',
    ],
  ])('refuses %s', async (_what, make, why) => {
    const pem = await make();
    expect(() => readAuthority(pem, options)).toThrow(`Cannot use the CA certificate "ca.crt": ${why}.`);
  });

  it('refuses one that has run out, and says what makes a new one', async () => {
    const pem = await authorityPem();
    const inAYear = { ...options, nowMs: Date.now() + 365 * 86_400_000 };
    expect(() => readAuthority(pem, inAYear)).toThrow(
      'it has run out. Start the proxy, which makes a new one',
    );
  });
});

describe('readRoots()', () => {
  it('reads certificates, and passes over what is none', async () => {
    const directory = untilTestEnds(await temporaryDirectory('roots'));
    const bad = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
    const path = await directory.write('roots.pem', `# comment\n${bad}${await authorityPem()}`);
    expect((await readRoots(path)).map(({ subject }) => subject)).toEqual(['CN=paude test authority']);
  });

  it('refuses a file without certificates, and one that is not there', async () => {
    const directory = untilTestEnds(await temporaryDirectory('roots'));
    const path = await directory.write('roots.pem', 'no certificate\n');
    await expect(readRoots(path)).rejects.toThrow('it holds no certificate. Name a PEM file');
    await expect(readRoots(directory.join('none'))).rejects.toThrow('there is no such file');
  });
});

describe('systemRoots()', () => {
  it('finds the authorities of this machine, or those that Node brings', async () => {
    const roots = await systemRoots();
    expect(roots.length).toBeGreaterThan(50);
    expect(roots.every(({ ca }) => ca)).toBe(true);
  });
});

describe('uniqueCertificates()', () => {
  it('keeps the first of each, and they survive being written', async () => {
    const [first, second] = [await authorityPem('one'), await authorityPem('two')];
    const found = readCertificates([first, second, first].join('\n')).filter((each) => each !== undefined);
    const unique = uniqueCertificates(found);
    expect(unique.map(({ subject }) => subject)).toEqual([
      'CN=paude one authority',
      'CN=paude two authority',
    ]);
    expect(readCertificates(pemOf(unique)).map((each) => each?.fingerprint256)).toEqual(
      unique.map(({ fingerprint256 }) => fingerprint256),
    );
  });
});
