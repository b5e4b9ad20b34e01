import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import tls, { type ConnectionOptions, type SecureContext, TLSSocket } from 'node:tls';
import { type Host, parseHost, parseWords } from '@paude/allowlist';
import { describe, expect, it } from 'vitest';
import { untilTestEnds } from '../../../../test/support/teardown.ts';
import { temporaryDirectory } from '../../../../test/support/temporary.ts';
import { type Authority, openAuthority } from './certificate-authority.ts';
import { LeafIssuer, type LeafIssuerOptions } from './leaf-issuer.ts';

const DAY_MS = 86_400_000;
const api = parseHost('api.example.com');

async function openFor(...words: readonly string[]): Promise<Authority> {
  const directory = untilTestEnds(await temporaryDirectory('leaf'));
  const patterns = parseWords(words).rules.map(({ pattern }) => pattern);
  return (await openAuthority(directory.join('ca'), patterns)).authority;
}

/** An issuer for `.example.com` with a clock of its own, that counts what is signed. */
async function issuer(options: LeafIssuerOptions = {}) {
  const authority = await openFor('.example.com');
  const clock = { nowMs: Date.now() };
  const signed: Host[] = [];
  const counting: Authority = {
    ...authority,
    signer: {
      sign(host, publicKey, validity) {
        signed.push(host);
        return authority.signer.sign(host, publicKey, validity);
      },
    },
  };
  return {
    issuer: new LeafIssuer(counting, { now: () => clock.nowMs, ...options }),
    authority,
    clock,
    signed,
  };
}

/** The certificate that a server with this context shows. */
async function shown(
  secureContext: SecureContext,
  options: Pick<ConnectionOptions, 'minVersion' | 'maxVersion' | 'ciphers'> = {},
): Promise<X509Certificate> {
  const server = createServer((raw) => {
    const secure = new TLSSocket(raw, { isServer: true, secureContext });
    for (const socket of [raw, secure]) socket.on('error', () => undefined);
  });
  untilTestEnds({ [Symbol.asyncDispose]: async () => void server.close() });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the server listens nowhere');
  const socket = tls.connect({ port: bound.port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  untilTestEnds({ [Symbol.asyncDispose]: async () => void socket.destroy() });
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) throw new Error('the server showed no certificate');
  // The certificate alone: whoever trusts the authority has its certificate already.
  expect(certificate.issuerCertificate).toBeUndefined();
  return certificate;
}

describe('LeafIssuer', () => {
  it('issues for the host alone, for seven days, in the name of the authority', async () => {
    const { issuer: leaves, authority, clock } = await issuer();
    const leaf = await shown(await leaves.contextFor(api));
    expect(leaf.subjectAltName).toBe('DNS:api.example.com');
    expect(leaf.subject).toBe('CN=paude proxy');
    expect(leaf.ca).toBe(false);
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(leaf.checkIssued(new X509Certificate(authority.certificate.pem))).toBe(true);
    expect(leaf.verify(new X509Certificate(authority.certificate.pem).publicKey)).toBe(true);
    expect(clock.nowMs - leaf.validFromDate.getTime()).toBeGreaterThanOrEqual(3_600_000);
    expect(Math.abs(leaf.validToDate.getTime() - clock.nowMs - 7 * DAY_MS)).toBeLessThan(1000);
    expect(leaf.serialNumber).toMatch(/^[\dA-F]{24,32}$/);
  });

  it('issues for an address as an address, and for the longest of names', async () => {
    const authority = await openFor('192.0.2.0/24', '[2001:db8::]/32', '.example.com');
    const leaves = new LeafIssuer(authority);
    const names = async (host: string) =>
      (await shown(await leaves.contextFor(parseHost(host)))).subjectAltName;
    expect(await names('192.0.2.7')).toBe('IP Address:192.0.2.7');
    expect(await names('2001:db8::7')).toBe('IP Address:2001:DB8:0:0:0:0:0:7');
    const long = `${`${'a'.repeat(60)}.`.repeat(3)}${'b'.repeat(50)}.example.com`;
    expect(await names(long)).toBe(`DNS:${long}`);
  });

  it('has one key for all leaves, which is not the authority’s', async () => {
    const { issuer: leaves, authority } = await issuer();
    const first = await shown(await leaves.contextFor(api));
    const second = await shown(await leaves.contextFor(parseHost('b.example.com')));
    expect(first.publicKey.equals(second.publicKey)).toBe(true);
    expect(first.publicKey.equals(new X509Certificate(authority.certificate.pem).publicKey)).toBe(false);
    expect(first.serialNumber).not.toBe(second.serialNumber);
  });

  it('speaks TLS 1.2 and newer, whatever Node is told to', async () => {
    const { issuer: leaves } = await issuer();
    const { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS } = tls;
    Object.assign(tls, { DEFAULT_MIN_VERSION: 'TLSv1', DEFAULT_CIPHERS: 'DEFAULT@SECLEVEL=0' });
    const context = await leaves.contextFor(api).finally(() => {
      Object.assign(tls, { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS });
    });
    await shown(context, { minVersion: 'TLSv1.3' });
    await shown(context, { maxVersion: 'TLSv1.2' });
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await expect(shown(context, old)).rejects.toMatchObject({
      code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    });
  });

  it('issues once for calls at the same time, and for later ones', async () => {
    const { issuer: leaves, signed } = await issuer();
    const contexts = await Promise.all(Array.from({ length: 20 }, () => leaves.contextFor(api)));
    contexts.push(await leaves.contextFor(api));
    expect(new Set(contexts).size).toBe(1);
    expect(signed).toEqual([api]);
  });

  it('issues anew after three days, and not before', async () => {
    const { issuer: leaves, clock, signed } = await issuer();
    const first = await leaves.contextFor(api);
    clock.nowMs += 3 * DAY_MS - 1;
    expect(await leaves.contextFor(api)).toBe(first);
    clock.nowMs += 1;
    const second = await leaves.contextFor(api);
    expect(second).not.toBe(first);
    expect(signed).toEqual([api, api]);
    const { validToDate } = await shown(second);
    expect(Math.abs(validToDate.getTime() - clock.nowMs - 7 * DAY_MS)).toBeLessThan(1000);
  });

  it('issues anew when the clock was set back to before the certificate', async () => {
    const { issuer: leaves, clock, signed } = await issuer();
    await leaves.contextFor(api);
    clock.nowMs -= 3_600_000;
    await leaves.contextFor(api);
    expect(signed.length).toBe(1);
    clock.nowMs -= 1;
    const leaf = await shown(await leaves.contextFor(api));
    expect(signed.length).toBe(2);
    expect(leaf.validFromDate.getTime()).toBeLessThan(clock.nowMs);
  });

  it('never promises more time than the authority has, and then issues more often', async () => {
    const { issuer: leaves, authority, clock, signed } = await issuer();
    const { notAfterMs } = authority.certificate;
    clock.nowMs = notAfterMs - DAY_MS;
    const leaf = await shown(await leaves.contextFor(api));
    expect(leaf.validToDate.getTime()).toBe(notAfterMs);
    clock.nowMs += DAY_MS / 2;
    await leaves.contextFor(api);
    expect(signed.length).toBe(2);
  });

  it('refuses when the authority has run out', async () => {
    const { issuer: leaves, authority, clock } = await issuer();
    clock.nowMs = authority.certificate.notAfterMs;
    await expect(leaves.contextFor(api)).rejects.toMatchObject({ code: 'ca-expired' });
  });

  it.each(['evil.test', 'notexample.com', 'example.com.evil.test', '127.0.0.1', '::1'])(
    'refuses %s, which the authority may not sign for, without signing',
    async (host) => {
      const { issuer: leaves, signed } = await issuer();
      await expect(leaves.contextFor(parseHost(host))).rejects.toMatchObject({
        code: 'ca-host-not-permitted',
        input: host,
      });
      expect(signed).toEqual([]);
    },
  );

  it('forgets the host that was longest not used', async () => {
    const { issuer: leaves, signed } = await issuer({ maxHosts: 2 });
    const [a, b, c] = ['a', 'b', 'c'].map((label) => parseHost(`${label}.example.com`)) as [Host, Host, Host];
    for (const host of [a, b, a, c, a, b]) await leaves.contextFor(host);
    expect(signed).toEqual([a, b, c, b]);
  });

  it('does not keep a failure', async () => {
    const authority = await openFor('.example.com');
    let failures = 1;
    const leaves = new LeafIssuer({
      ...authority,
      signer: {
        sign: async (host, publicKey, validity) => {
          if (failures-- > 0) throw new Error('no entropy');
          return authority.signer.sign(host, publicKey, validity);
        },
      },
    });
    const both = await Promise.allSettled([leaves.contextFor(api), leaves.contextFor(api)]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect((await shown(await leaves.contextFor(api))).subjectAltName).toBe('DNS:api.example.com');
  });

  it('goes on with another authority, and keeps what it has when it is the same one', async () => {
    const { issuer: leaves, authority } = await issuer();
    const before = await leaves.contextFor(api);
    leaves.adopt(authority);
    expect(await leaves.contextFor(api)).toBe(before);
    const other = await openFor('.example.com', '.example.org');
    leaves.adopt(other);
    expect(leaves.authority).toBe(other);
    const leaf = await shown(await leaves.contextFor(api));
    expect(leaf.checkIssued(new X509Certificate(other.certificate.pem))).toBe(true);
    await leaves.contextFor(parseHost('api.example.org'));
  });
});
