import { PaudeError } from '@paude/errors';
import { describe, expect, it } from 'vitest';
import { buildConfig, DEFAULTS, parseListen } from './config.ts';
import { checkConfig, type WrittenConfig } from './schema.ts';

/** The error's code and message. */
function errorOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof PaudeError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'no error';
}

describe('buildConfig()', () => {
  it('fills in every default', () => {
    const config = buildConfig({});
    expect(config).toMatchObject({
      listen: { host: '127.0.0.1', port: 3128 },
      admin: { host: '127.0.0.1', port: 9128 },
      words: [],
      reportOnly: false,
      clients: undefined,
      log: '-',
      timeouts: DEFAULTS.timeouts,
      clientLimits: DEFAULTS.clientLimits,
    });
    expect(config.limits).toEqual({ ...DEFAULTS.limits, maxTunnels: undefined });
  });

  it('takes what is written, and keeps the defaults beside it', () => {
    const config = buildConfig({
      admin: 'off',
      allowPrivate: ['10.0.0.0/8'],
      hosts: { 'A.Test.': ['192.0.2.7', '2001:db8::7'], 'b.test': '192.0.2.8' },
      dns: ['192.0.2.53', '192.0.2.53:5353', '2001:db8::53', '[2001:db8::53]:5353'],
      clients: ['192.0.2.0/24', '2001:db8::1', 'agent-0.pods.test'],
      upstream: 'http://user@proxy.test:8080/',
      limits: { maxTunnels: 7, requestsPerSecondPerClient: 0.5 },
      timeouts: { idleMs: 0 },
    });
    expect(config.admin).toBeUndefined();
    expect(config.allowPrivate.map(({ text }) => text)).toEqual(['10.0.0.0/8']);
    expect([...config.hosts]).toEqual([
      ['a.test', ['192.0.2.7', '2001:db8::7']],
      ['b.test', ['192.0.2.8']],
    ]);
    expect(config.dns).toEqual([
      '192.0.2.53:53',
      '192.0.2.53:5353',
      '[2001:db8::53]:53',
      '[2001:db8::53]:5353',
    ]);
    expect(config.clients?.networks.map(({ text }) => text)).toEqual(['192.0.2.0/24', '2001:db8::1/128']);
    expect(config.clients?.names).toEqual(['agent-0.pods.test']);
    expect(config.upstream?.href).toBe('http://user@proxy.test:8080/');
    expect([config.limits.maxTunnels, config.limits.maxHeaderBytes]).toEqual([7, 16_384]);
    expect([config.clientLimits.requestsPerSecond, config.clientLimits.requestBurst]).toEqual([0.5, 2000]);
    expect([config.timeouts.idleMs, config.timeouts.dnsMs]).toEqual([0, 5000]);
  });

  it('knows an empty list of clients from none: nobody, not everybody', () => {
    expect(buildConfig({ clients: [] }).clients).toEqual({ networks: [], names: [] });
  });

  it.each<[WrittenConfig, string]>([
    [{ listen: 'nonsense' }, 'listen-invalid: Cannot listen on "nonsense": it names no port.'],
    [{ listen: '127.0.0.1' }, 'listen-invalid: Cannot listen on "127.0.0.1": it names no port.'],
    [
      { listen: ':70000' },
      'listen-invalid: Cannot listen on ":70000": the port is not a number up to 65535.',
    ],
    [{ listen: '::1:3128' }, 'listen-invalid: Cannot listen on "::1:3128": the port is not a number'],
    [{ admin: 'on' }, 'listen-invalid: Cannot listen on "on": it names no port.'],
    [{ admin: 'unix:' }, 'listen-invalid: Cannot listen on "unix:"'],
    [
      { allowPrivate: ['10.0.0.1/8'] },
      'cidr-invalid: Cannot read the address range "10.0.0.1/8": it has bits set',
    ],
    [{ allowPrivate: ['private'] }, 'cidr-invalid: Cannot read the address range "private"'],
    [{ clients: ['10.0.0'] }, 'cidr-invalid: Cannot read the address range "10.0.0"'],
    [{ clients: ['10.0.0.0/33'] }, 'cidr-invalid: Cannot read the address range "10.0.0.0/33"'],
    [{ clients: ['a..b'] }, 'host-invalid: Cannot read the host "a..b"'],
    [{ hosts: { 'a b': '192.0.2.7' } }, 'host-invalid: Cannot read the host "a b": it holds a space.'],
    [{ hosts: { 'a.test': 'b.test' } }, 'cidr-invalid: Cannot read the address range "b.test"'],
    [
      { hosts: { 'a.test': '10.0.0.0/8' } },
      'host-invalid: Cannot use the static address "10.0.0.0/8": it is a range.',
    ],
    [
      { dns: ['dns.test'] },
      'dns-server-invalid: Cannot use the DNS server "dns.test": it is not an IP address',
    ],
    [{ dns: ['192.0.2.53:0'] }, 'dns-server-invalid: Cannot use the DNS server "192.0.2.53:0"'],
    [{ dns: ['192.0.2.53:dns'] }, 'dns-server-invalid'],
    [{ upstream: 'proxy.test:8080' }, 'upstream-invalid: Cannot use the upstream proxy "proxy.test:8080"'],
    [
      { upstream: 'ftp://proxy.test' },
      'upstream-invalid: Cannot use the upstream proxy "ftp://proxy.test": it is not',
    ],
    [{ upstream: 'socks4://proxy.test' }, 'upstream-invalid'],
    [
      { upstream: 'http://proxy.test/path' },
      'it has a path, a query or a fragment. Write http://proxy.test.',
    ],
    [
      { upstream: 'http://user:hunter2@proxy.test/x' },
      'upstream-invalid: Cannot use the upstream proxy "http://***@proxy',
    ],
  ])('refuses %j', (written, message) => {
    expect(errorOf(() => buildConfig(written))).toContain(message);
  });

  it('shows no password of an upstream proxy that it refuses', () => {
    for (const upstream of ['ftp://user:hunter2@proxy.test', 'http://user:hunter2@proxy.test/?x'])
      expect(errorOf(() => buildConfig({ upstream }))).not.toContain('hunter2');
  });
});

describe('parseListen()', () => {
  it.each([
    ['127.0.0.1:3128', { host: '127.0.0.1', port: 3128 }],
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
    ['localhost:10', { host: 'localhost', port: 10 }],
    ['[::1]:3128', { host: '::1', port: 3128 }],
    ['[::]:0', { host: '::', port: 0 }],
    [':3128', { port: 3128 }],
    [':0', { port: 0 }],
    ['*:3128', { port: 3128 }],
    ['unix:/run/paude/proxy.sock', { path: '/run/paude/proxy.sock' }],
  ])('reads %s', (text, expected) => {
    expect(parseListen(text)).toEqual(expected);
  });
});

describe('checkConfig()', () => {
  const message = (value: unknown) => errorOf(() => checkConfig(value, 'paude.yaml'));

  it.each<[unknown, string]>([
    [{ listn: 'x' }, 'Cannot read the configuration "paude.yaml": there is no key "listn". Write listen.'],
    [{ allowed_domains: [] }, 'there is no key "allowed_domains". Write allowedDomains.'],
    [{ xyzzy: 1 }, 'there is no key "xyzzy". Use listen, admin, adminTokenFile, allowedDomains,'],
    [{ __proto__: 1, constructor: 1 }, 'there is no key "constructor"'],
    [{ limits: { maxTunnel: 1 } }, 'there is no key "maxTunnel" under limits. Write maxTunnels.'],
    [{ timeouts: { idle: 1 } }, 'there is no key "idle" under timeouts. '],
    [{ listen: 3128 }, 'listen takes a text'],
    [{ reportOnly: 'yes' }, 'reportOnly takes true or false'],
    [{ allowedDomains: 'default' }, 'allowedDomains takes a list of words'],
    [{ allowedDomains: [1] }, 'allowedDomains.0 takes a list of words'],
    [{ extraPorts: [0] }, 'extraPorts.0 takes a list of ports from 1 to 65535'],
    [{ hosts: ['a.test=192.0.2.7'] }, 'hosts takes names with an address or a list of addresses each'],
    [{ dns: '192.0.2.53' }, 'dns takes a list of DNS servers'],
    [{ clients: {} }, 'clients takes a list of address ranges'],
    [{ logFormat: 'xml' }, 'logFormat takes json, pretty or squid'],
    [{ limits: { maxTunnels: 0 } }, 'limits.maxTunnels takes numbers'],
    [{ limits: { maxTunnels: 1.5 } }, 'limits.maxTunnels takes numbers'],
    [{ limits: { maxHeaderBytes: 10 } }, 'limits.maxHeaderBytes takes numbers'],
    [{ limits: { requestsPerSecondPerClient: 0 } }, 'limits.requestsPerSecondPerClient takes numbers'],
    [{ timeouts: { idleMs: -1 } }, 'timeouts.idleMs takes whole milliseconds'],
    [{ timeouts: { idleMs: '1h' } }, 'timeouts.idleMs takes whole milliseconds'],
    [{ session: 'x'.repeat(254) }, 'session takes a text'],
    ['listen', 'it is no set of keys and values'],
    [['listen'], 'it is no set of keys and values'],
    [42, 'it is no set of keys and values'],
  ])('refuses %j', (value, expected) => {
    expect(message(value)).toMatch(/^config-invalid: /);
    expect(message(value)).toContain(expected);
  });

  it('gives back what is right', () => {
    const right = { listen: ':0', limits: { maxTunnels: 1 }, hosts: { a: ['b'] } };
    expect(checkConfig(right, 'x')).toEqual(right);
    expect(checkConfig({}, 'x')).toEqual({});
  });
});
