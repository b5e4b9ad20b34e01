import { X509Certificate } from 'node:crypto';
import { expect } from 'vitest';
import { authorityPem } from '../../../../test/support/certificates.ts';
import { requireComponent } from '../../../../test/support/components.ts';
import { runProcess, successful } from '../../../../test/support/processes.ts';
import { untilTestEnds } from '../../../../test/support/teardown.ts';
import { temporaryDirectory } from '../../../../test/support/temporary.ts';
import { trustStore } from './trust-store.ts';

async function certificates() {
  const pems = [await authorityPem('one'), await authorityPem('two')];
  return new Map(pems.map((pem, index) => [`root-${index}`, new X509Certificate(pem)]));
}

requireComponent('keytool').describe('trustStore()', () => {
  for (const [how, password] of [
    ['the usual password', 'changeit'],
    ['another password', 'anything'],
  ]) {
    requireComponent('keytool').test(
      `is read by Java with ${how}, each certificate trusted under its alias`,
      async () => {
        const directory = untilTestEnds(await temporaryDirectory('trust'));
        const own = await certificates();
        const path = await directory.write('truststore.p12', trustStore(own));
        const args = ['-list', '-storetype', 'PKCS12', '-storepass', password ?? '', '-keystore', path];
        const { stdout } = successful(await runProcess('keytool', args));
        const found = [
          ...stdout.matchAll(/^(\S+), .*trustedCertEntry,\s+Certificate fingerprint \(SHA-256\): (\S+)$/gm),
        ];
        expect(Object.fromEntries(found.map(([, alias, print]) => [alias, print]))).toEqual(
          Object.fromEntries([...own].map(([alias, { fingerprint256 }]) => [alias, fingerprint256])),
        );
      },
    );
  }
});

requireComponent('openssl').test('trustStore() is PKCS #12 to OpenSSL, too', async () => {
  const directory = untilTestEnds(await temporaryDirectory('trust'));
  const path = await directory.write('truststore.p12', trustStore(await certificates()));
  const args = ['pkcs12', '-in', path, '-nokeys', '-nomacver', '-passin', 'pass:'];
  const { stdout } = successful(await runProcess('openssl', args));
  expect(stdout.match(/^subject=.*$/gm)).toEqual([
    'subject=CN = paude one authority',
    'subject=CN = paude two authority',
  ]);
});
