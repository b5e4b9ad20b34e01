import { parseHost } from '@paude/allowlist';
import { describe, expect, it } from 'vitest';
import { namesTarget, originForm, shownAuthority } from './authority.ts';

const target = { host: parseHost('api.example.com'), port: 443 };
const other = { host: parseHost('2001:db8::1'), port: 8443 };

describe('namesTarget()', () => {
  it.each([
    ['api.example.com', true],
    ['API.Example.COM', true],
    ['api.example.com.', true],
    ['api.example.com:443', true],
    ['api.example.com:80', false],
    ['api.example.com:0443', false],
    ['api.example.com:', false],
    ['xapi.example.com', false],
    ['api.example.com.evil.example', false],
    ['user@api.example.com', false],
    ['api.example.com@evil.example', false],
    ['api.example.com/', false],
    ['api%2eexample.com', false],
    [' api.example.com', false],
    ['', false],
  ])('%j: %s', (authority, expected) => {
    expect(namesTarget(authority, target)).toBe(expected);
  });

  it('takes an address in every form that means it, with its port', () => {
    expect(namesTarget('[2001:DB8:0::1]:8443', other)).toBe(true);
    expect(namesTarget('[2001:db8::1]', other)).toBe(false);
    expect(namesTarget('2001:db8::1:8443', other)).toBe(false);
  });
});

describe('originForm()', () => {
  it.each<[string, string, string]>([
    ['/', 'GET', '/'],
    ['/a?b=c&d', 'GET', '/a?b=c&d'],
    ['//evil.example/x', 'GET', '//evil.example/x'],
    ['/%00"[]', 'GET', '/%00"[]'],
    ['*', 'OPTIONS', '*'],
    ['https://api.example.com', 'GET', '/'],
    ['https://api.example.com?q', 'GET', '/?q'],
    ['HTTPS://API.example.com:443/x', 'GET', '/x'],
  ])('%s with %s is the path %s', (url, method, path) => {
    expect(originForm(url, method, target)).toEqual({ kind: 'path', path });
  });

  it.each<[string, string, 'bad' | 'mismatch']>([
    ['*', 'GET', 'bad'],
    ['', 'GET', 'bad'],
    ['x', 'GET', 'bad'],
    ['/a#b', 'GET', 'bad'],
    ['/a\\b', 'GET', 'bad'],
    ['/a b', 'GET', 'bad'],
    ['/\xe4', 'GET', 'bad'],
    ['/a\0', 'GET', 'bad'],
    ['http://api.example.com/', 'GET', 'mismatch'],
    ['https://evil.example/', 'GET', 'mismatch'],
    ['https://api.example.com@evil.example/', 'GET', 'mismatch'],
    ['https:///x', 'GET', 'mismatch'],
  ])('%j with %s is none: %s', (url, method, kind) => {
    expect(originForm(url, method, target).kind).toBe(kind);
  });
});

describe('shownAuthority()', () => {
  it('shows no userinfo, and no more than a name can have', () => {
    expect(shownAuthority('user:secret@evil.example:1')).toBe('evil.example:1');
    expect(shownAuthority('a@b@c')).toBe('c');
    expect(shownAuthority('x'.repeat(20_000))).toHaveLength(259);
  });
});
