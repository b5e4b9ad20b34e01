import { describe, expect, it } from 'vitest';
import { parseSourceName } from './source-name.ts';

describe('parseSourceName()', () => {
  it.each([
    ['default,.example.com', { kind: 'words', words: 'default,.example.com' }],
    ['host:8443', { kind: 'words', words: 'host:8443' }],
    ['host:*', { kind: 'words', words: 'host:*' }],
    ['fila:8443', { kind: 'words', words: 'fila:8443' }],
    ['file:a/b.yaml', { kind: 'file', path: 'a/b.yaml' }],
    ['manifests:deploy', { kind: 'manifests', path: 'deploy' }],
    ['log:-', { kind: 'log', path: '-' }],
    ['squid:/etc/squid/squid.conf', { kind: 'squid', path: '/etc/squid/squid.conf' }],
    ['session:my-project', { kind: 'session', session: 'my-project' }],
    ['cluster:', { kind: 'cluster' }],
    ['cluster:agents', { kind: 'cluster', namespace: 'agents' }],
    ['cluster:prod/agents', { kind: 'cluster', context: 'prod', namespace: 'agents' }],
    [
      'cluster:ns/api-host:6443/me/agents',
      { kind: 'cluster', context: 'ns/api-host:6443/me', namespace: 'agents' },
    ],
  ])('reads %s', (name, expected) => {
    expect(parseSourceName(name)).toEqual({ name, ...expected });
  });

  it('reads the address of a proxy', () => {
    const source = parseSourceName('proxy:http://127.0.0.1:9128');
    expect(source.kind === 'proxy' && source.url.href).toBe('http://127.0.0.1:9128/');
  });

  it.each([
    ['manifest:deploy', 'there is no kind of source "manifest:". Write manifests:deploy.'],
    ['fil:allowlist.yaml', 'there is no kind of source "fil:". Write file:allowlist.yaml.'],
    ['file:', 'nothing stands behind "file:". Name what to read there.'],
    ['proxy:127.0.0.1', 'it is no URL of a proxy’s admin port. Write it as in proxy:http://127.0.0.1:9128.'],
    ['cluster:prod/', 'a context or namespace is missing. Write it as in cluster:prod/agents.'],
    ['cluster:/agents', 'a context or namespace is missing. Write it as in cluster:prod/agents.'],
  ])('refuses %s', (name, why) => {
    expect(() => parseSourceName(name)).toThrow(`Cannot read the source "${name}": ${why}`);
  });
});
