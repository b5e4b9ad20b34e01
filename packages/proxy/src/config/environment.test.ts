import { describe, expect, it } from 'vitest';
import { environmentConfig, parseHostPairs } from './environment.ts';

describe('environmentConfig()', () => {
  it('reads every variable', () => {
    expect(
      environmentConfig({
        PAUDE_PROXY_LISTEN: ':3128',
        PAUDE_PROXY_ADMIN: 'off',
        PAUDE_PROXY_ADMIN_TOKEN_FILE: '/run/token',
        PAUDE_PROXY_ALLOWLIST: '/etc/allowlist.yaml',
        PAUDE_PROXY_UPSTREAM: 'http://proxy.test:8080',
        PAUDE_PROXY_UPSTREAM_PASSWORD_FILE: '/run/password',
        PAUDE_PROXY_USERS_FILE: '/run/users',
        PAUDE_PROXY_SESSION: 'dev',
        PAUDE_PROXY_LOG: '/tmp/audit.jsonl',
        PAUDE_AGENT: 'claude',
        BLOCKED_LOG_PATH: '/tmp/blocked.log',
        PAUDE_PROXY_ALLOWED_CLIENTS: '10.0.0.0/8, agent.test,',
        PAUDE_PROXY_ALLOW_PRIVATE: '10.0.0.0/8',
        PAUDE_PROXY_DNS: '192.0.2.53',
        ALLOWED_DOMAINS: 'default,{a,b}.test,~^x{1,2}\\.test$',
        ALLOWED_OTEL_PORTS: '4317, 4318',
        PAUDE_PROXY_HOSTS: 'a.test=192.0.2.7,a.test=192.0.2.8,b.test=2001:db8::1',
        PAUDE_PROXY_REPORT_ONLY: 'on',
        PAUDE_PROXY_LOG_FORMAT: 'squid',
        PATH: '/bin',
      }),
    ).toEqual({
      listen: ':3128',
      admin: 'off',
      adminTokenFile: '/run/token',
      allowlist: '/etc/allowlist.yaml',
      upstream: 'http://proxy.test:8080',
      upstreamPasswordFile: '/run/password',
      usersFile: '/run/users',
      session: 'dev',
      log: '/tmp/audit.jsonl',
      agent: 'claude',
      blockedLog: '/tmp/blocked.log',
      clients: ['10.0.0.0/8', 'agent.test'],
      allowPrivate: ['10.0.0.0/8'],
      dns: ['192.0.2.53'],
      allowedDomains: ['default', '{a,b}.test', '~^x{1,2}\\.test$'],
      extraPorts: [4317, 4318],
      hosts: { 'a.test': ['192.0.2.7', '192.0.2.8'], 'b.test': ['2001:db8::1'] },
      reportOnly: true,
      logFormat: 'squid',
    });
  });

  it('takes an empty variable for one that is not set', () => {
    expect(
      environmentConfig({ ALLOWED_DOMAINS: '', PAUDE_PROXY_ALLOWED_CLIENTS: '', PAUDE_PROXY_DNS: '' }),
    ).toEqual({});
  });

  it.each([
    ['1', true],
    ['TRUE', true],
    ['yes', true],
    ['0', false],
    ['off', false],
    ['No', false],
  ])('reads the switch %s as %s', (text, expected) => {
    expect(environmentConfig({ PAUDE_PROXY_REPORT_ONLY: text }).reportOnly).toBe(expected);
  });

  it.each([
    [{ PAUDE_PROXY_REPORT_ONLY: 'maybe' }, '"PAUDE_PROXY_REPORT_ONLY=maybe": it is neither on nor off'],
    [{ PAUDE_PROXY_LOG_FORMAT: 'xml' }, '"PAUDE_PROXY_LOG_FORMAT=xml": it is no log format'],
    [{ ALLOWED_OTEL_PORTS: '4317,x' }, '"ALLOWED_OTEL_PORTS=x": it is not a port'],
    [{ ALLOWED_OTEL_PORTS: '0' }, '"ALLOWED_OTEL_PORTS=0": it is not a port'],
    [{ ALLOWED_OTEL_PORTS: '65536' }, '"ALLOWED_OTEL_PORTS=65536": it is not a port'],
    [{ ALLOWED_OTEL_PORTS: '4317-4318' }, '"ALLOWED_OTEL_PORTS=4317-4318": it is not a port'],
    [{ PAUDE_PROXY_HOSTS: 'a.test' }, '"PAUDE_PROXY_HOSTS a.test": it is not NAME=ADDRESS'],
    [{ PAUDE_PROXY_HOSTS: '=192.0.2.7' }, 'it is not NAME=ADDRESS'],
    [{ PAUDE_PROXY_HOSTS: 'a.test=192.0.2.7=x' }, 'it is not NAME=ADDRESS'],
  ])('refuses %j', (environment, message) => {
    expect(() => environmentConfig(environment)).toThrow(message);
  });
});

describe('parseHostPairs()', () => {
  it('makes a table in which no name is special', () => {
    expect(Object.entries(parseHostPairs(['__proto__=192.0.2.7'], '--host'))).toEqual([
      ['__proto__', ['192.0.2.7']],
    ]);
  });
});
