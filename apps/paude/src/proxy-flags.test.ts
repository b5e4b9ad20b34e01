import { buildConfig, type WrittenConfig } from '@paude/proxy/config';
import { describe, expect, it } from 'vitest';
import { mergeFlags, type ProxyFlags } from './proxy-flags.ts';

const file: WrittenConfig = {
  listen: '127.0.0.1:4000',
  allowedDomains: ['github'],
  hosts: { 'a.test': '192.0.2.1', 'b.test': ['192.0.2.2'] },
  clients: ['10.0.0.0/8'],
  dns: ['192.0.2.53'],
  reportOnly: true,
  limits: { maxTunnels: 5, maxConnectionsPerClient: 6 },
  timeouts: { idleMs: 7000, headMs: 8000 },
};

describe('mergeFlags()', () => {
  it('keeps what the file says where no flag speaks', () => {
    expect(mergeFlags(file, {})).toEqual(file);
  });

  it('gives an empty allowlist when nobody names a domain', () => {
    expect(mergeFlags({}, {})).toEqual({ allowedDomains: [], limits: {}, timeouts: {} });
  });

  it.each<[name: string, flags: ProxyFlags, merged: WrittenConfig]>([
    ['--listen', { listen: ':3128' }, { listen: ':3128' }],
    [
      '--allowed-domains',
      { allowedDomains: ['.example.com'] },
      { allowedDomains: ['github', '.example.com'] },
    ],
    ['--client', { client: ['192.0.2.0/24'] }, { clients: ['192.0.2.0/24'] }],
    ['--dns', { dns: ['192.0.2.54'] }, { dns: ['192.0.2.54'] }],
    [
      '--host',
      { host: ['b.test=192.0.2.3', 'b.test=192.0.2.4', 'c.test=192.0.2.5'] },
      { hosts: { 'a.test': '192.0.2.1', 'b.test': ['192.0.2.3', '192.0.2.4'], 'c.test': ['192.0.2.5'] } },
    ],
    ['--max-tunnels', { maxTunnels: 9 }, { limits: { maxTunnels: 9, maxConnectionsPerClient: 6 } }],
    [
      '--client-rate, with twice as much at once',
      { clientRate: 50 },
      {
        limits: {
          maxTunnels: 5,
          maxConnectionsPerClient: 6,
          requestsPerSecondPerClient: 50,
          requestBurstPerClient: 100,
        },
      },
    ],
    [
      '--client-connections',
      { clientConnections: 3 },
      { limits: { maxTunnels: 5, maxConnectionsPerClient: 3 } },
    ],
    ['--idle-timeout', { idleTimeout: 60_000 }, { timeouts: { idleMs: 60_000, headMs: 8000 } }],
    [
      'all other times',
      { headTimeout: 1, dnsTimeout: 2, connectTimeout: 3, handshakeTimeout: 4, drainTimeout: 5 },
      { timeouts: { idleMs: 7000, headMs: 1, dnsMs: 2, connectMs: 3, handshakeMs: 4, drainMs: 5 } },
    ],
  ])('puts %s over the file', (_name, flags, merged) => {
    expect(mergeFlags(file, flags)).toEqual({ ...file, ...merged });
  });

  it('leaves nothing over that the configuration does not know', () => {
    const flags: ProxyFlags = {
      ...{ config: 'proxy.yaml', listen: ':1', admin: 'off', adminTokenFile: 't', allowedDomains: ['all'] },
      ...{ allowlist: 'a.yaml', agent: 'codex', reportOnly: true, allowPrivate: ['10.0.0.0/8'] },
      ...{ host: ['a.test=192.0.2.1'], dns: ['192.0.2.53'], upstream: 'http://proxy.test:8080' },
      ...{
        client: ['10.0.0.0/8'],
        usersFile: 'u',
        session: 's',
        log: 'l',
        logFormat: 'json',
        blockedLog: 'b',
      },
      ...{ maxTunnels: 1, clientRate: 2, clientConnections: 3, headTimeout: 4, dnsTimeout: 5 },
      ...{ connectTimeout: 6, handshakeTimeout: 7, idleTimeout: 8, drainTimeout: 9 },
    };
    const merged = mergeFlags({}, flags);
    expect(merged).not.toHaveProperty('config');
    expect(buildConfig(merged)).toMatchObject({
      admin: undefined,
      words: ['all'],
      allowlistFile: 'a.yaml',
      clientLimits: { maxConnections: 3, requestsPerSecond: 2, requestBurst: 4 },
      timeouts: { headMs: 4, dnsMs: 5, connectMs: 6, handshakeMs: 7, idleMs: 8, drainMs: 9 },
    });
  });

  it('refuses a --host that is no pair', () => {
    expect(() => mergeFlags({}, { host: ['a.test'] })).toThrow('it is not NAME=ADDRESS');
  });

  it('refuses a password on the command line, and does not repeat it', () => {
    const merge = () => mergeFlags({}, { upstream: 'http://me:hunter2@proxy.test:8080' });
    expect(merge).toThrow(expect.objectContaining({ code: 'secret-in-arguments' }));
    expect(merge).not.toThrow('hunter2');
    expect(mergeFlags({}, { upstream: 'http://me@proxy.test:8080' }).upstream).toBe(
      'http://me@proxy.test:8080',
    );
  });
});
