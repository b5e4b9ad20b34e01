import { generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { parseHost, parseWords } from '@paude/allowlist';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireComponent } from '../../../../test/support/components.ts';
import { runProcess } from '../../../../test/support/processes.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../../../test/support/temporary.ts';
import { type TlsTarget, tlsClients } from '../../../../test/support/tls-clients.ts';
import { type Authority, openAuthority } from './certificate-authority.ts';
import { LeafIssuer } from './leaf-issuer.ts';

let directory: TemporaryDirectory;
const servers: Server[] = [];

beforeAll(async () => {
  directory = await temporaryDirectory('ca-clients');
});

afterAll(async () => {
  for (const server of servers) server.close();
  await directory?.remove();
});

async function openFor(name: string, ...words: readonly string[]): Promise<Authority> {
  const patterns = parseWords(words).rules.map(({ pattern }) => pattern);
  return (await openAuthority(directory.join(name), patterns)).authority;
}

/** What whoever has stolen the authority's key can make: a certificate for any host. */
async function forge({ signer }: Authority, host: string): Promise<{ cert: string; key: string }> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const validity = { notBeforeMs: Date.now() - 3_600_000, notAfterMs: Date.now() + 3_600_000 };
  const cert = await signer.sign(parseHost(host), publicKey, validity);
  return { cert, key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })) };
}

/** A server of TLS and a little HTTP. A host that is an address is served at that address. */
async function serve(host: string, secureContext: SecureContext): Promise<TlsTarget> {
  const address = host.startsWith('127.') ? host : '127.0.0.1';
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    const secure = new TLSSocket(socket, { isServer: true, secureContext });
    secure.on('error', () => undefined);
    secure.on('data', () => secure.end('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n'));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the server listens nowhere');
  return { host, address, port: bound.port };
}

describe.each([
  {
    authority: 'an authority for names',
    words: ['.example.com', 'api.test.org'],
    routed: ['example.com', 'a.b.example.com', 'api.test.org'],
    others: ['evil.test', 'notexample.com', 'test.org', '127.0.0.1'],
  },
  {
    authority: 'an authority for an address',
    words: ['127.0.0.1'],
    routed: ['127.0.0.1'],
    others: ['127.0.0.2', 'evil.test', 'localhost'],
  },
  {
    authority: 'an authority for both',
    words: ['127.0.0.1', 'api.test.org'],
    routed: ['127.0.0.1', 'api.test.org'],
    others: ['127.0.0.2', 'evil.test'],
  },
])('$authority', ({ words, routed, others }) => {
  let authority: Authority;
  const targets: TlsTarget[] = [];

  beforeAll(async () => {
    authority = await openFor(words.join(), ...words);
    const issuer = new LeafIssuer(authority);
    for (const host of routed) targets.push(await serve(host, await issuer.contextFor(parseHost(host))));
    for (const host of others) {
      targets.push(await serve(host, createSecureContext(await forge(authority, host))));
    }
  });

  for (const { name, needs, refusal, handshakes } of tlsClients) {
    const title = refusal === undefined ? '' : ', and by its own judgement refuses what is signed for others';
    needs.test(
      `${name} accepts what it issues for routed hosts${title}`,
      async () => {
        const said = await handshakes(authority.certificate.path, targets);
        expect(said.slice(0, routed.length)).toEqual(routed.map(() => 'accepted'));
        if (refusal === undefined) return;
        expect(said.slice(routed.length)).toEqual(others.map(() => expect.stringMatching(refusal)));
      },
      200_000,
    );
  }
});

requireComponent('openssl').describe('openssl verify', () => {
  const verify = async (certificate: string, { signedBy, host }: { signedBy: Authority; host: string }) => {
    const ca = await directory.write('trusted.pem', certificate);
    const leaf = await directory.write('leaf.pem', (await forge(signedBy, host)).cert);
    const flags = ['-x509_strict', '-purpose', 'sslserver', '-no-CApath', '-CAfile', ca];
    const { code, stdout, stderr } = await runProcess('openssl', ['verify', ...flags, leaf]);
    return code === 0 ? 'accepted' : `${stdout}${stderr}`;
  };

  it.each([
    [['.example.com'], '192.0.2.1', /subtree violation/],
    [['.example.com'], '2001:db8::1', /subtree violation/],
    [['192.0.2.0/24'], '192.0.2.200', /accepted/],
    [['192.0.2.0/24'], '192.0.3.1', /subtree violation/],
    [['192.0.2.0/24'], '2001:db8::1', /subtree violation/],
    [['[2001:db8::]/33'], '2001:db8:7fff::1', /accepted/],
    [['[2001:db8::]/33'], '2001:db8:8000::1', /subtree violation/],
    [['[2001:db8::]/33'], '192.0.2.1', /subtree violation/],
    [['_x.example.com'], '_x.example.com', /accepted/],
    [['münchen.example'], 'münchen.example', /accepted/],
    [['münchen.example'], 'munchen.example', /subtree violation/],
    [[], 'example.com', /subtree violation/],
    [[], 'x.invalid', /subtree violation/],
    [[], '192.0.2.1', /subtree violation/],
  ])('of an authority for %j, %s: %s', async (words, host, verdict) => {
    const authority = await openFor(`verify ${words.join()}`.replace('/', '_'), ...words);
    expect(await verify(authority.certificate.pem, { signedBy: authority, host })).toMatch(verdict);
  });

  it('holds old hosts good under the certificate before, and refuses new ones, once more hosts are routed', async () => {
    const before = await openFor('grown', '.example.com');
    const after = await openFor('grown', '.example.com', '.example.org');
    const { pem } = before.certificate;
    expect(await verify(pem, { signedBy: after, host: 'api.example.com' })).toBe('accepted');
    expect(await verify(pem, { signedBy: after, host: 'api.example.org' })).toContain('permitted subtree');
    const renewed = after.certificate.pem;
    expect(await verify(renewed, { signedBy: before, host: 'api.example.com' })).toBe('accepted');
    expect(await verify(renewed, { signedBy: after, host: 'api.example.org' })).toBe('accepted');
  });

  it('takes it for no authority over clients and mail', async () => {
    const { pem } = (await openFor('servers', '.example.com')).certificate;
    const file = await directory.write('authority.pem', pem);
    const { stdout } = await runProcess('openssl', ['x509', '-in', file, '-noout', '-purpose']);
    expect(stdout).toContain('SSL server CA : Yes');
    for (const purpose of ['SSL client', 'S/MIME signing', 'S/MIME encryption'])
      expect(stdout).not.toContain(`${purpose} CA : Yes`);
  });
});
