import { parseHost, parseWords } from '@paude/allowlist';
import { PaudeError } from '@paude/errors';
import { describe, expect, it } from 'vitest';
import { coversPermissions, type Permissions, permissionsOf, permits } from './name-constraints.ts';

function permissionsFor(...words: readonly string[]): Permissions {
  return permissionsOf(parseWords(words).rules.map(({ pattern }) => pattern));
}

describe('permissionsOf()', () => {
  it.each<[readonly string[], readonly string[], readonly string[]]>([
    [['api.example.com'], ['api.example.com'], []],
    [['.example.com', '*.example.org', '**.example.net'], ['example.com', 'example.net', 'example.org'], []],
    [['*-api.example.com', '{a,b}.example.org'], ['a.example.org', 'b.example.org', 'example.com'], []],
    [[String.raw`~^api-\d+\.example\.com$`], ['example.com'], []],
    [['github.com:8443'], ['github.com'], []],
    [['münchen.example'], ['xn--mnchen-3ya.example'], []],
    [['192.0.2.7', '198.51.100.0/24'], [], ['192.0.2.7/32', '198.51.100.0/24']],
    [['[2001:db8::1]'], [], ['2001:db8::1/128']],
    [[], [], []],
  ])('of %j', (words, names, addresses) => {
    expect(permissionsFor(...words)).toEqual({ names, addresses });
  });

  it('leaves out what lies inside of something else, and gives the same for the same hosts in any order', () => {
    const words = [
      'api.example.com',
      '.example.com',
      'b.a.example.com',
      '10.0.0.0/8',
      '10.1.0.0/16',
      '10.0.0.0/8',
    ];
    expect(permissionsFor(...words)).toEqual({ names: ['example.com'], addresses: ['10.0.0.0/8'] });
    expect(permissionsFor(...words.toReversed())).toEqual(permissionsFor(...words));
  });

  it.each([
    ['all', 'it stands for every host'],
    [String.raw`~^.*api\d$`, 'it cannot be told which domain its names are in'],
    ['vault.', 'a CA that may sign for vault may sign for every name that ends in .vault'],
    [String.raw`~^a.*\.com$`, 'a CA that may sign for com may sign for every name that ends in .com'],
  ])('refuses %s: %s', (word, why) => {
    let caught: unknown;
    try {
      permissionsFor('api.example.com', word);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(PaudeError);
    expect(caught).toMatchObject({
      code: 'route-too-wide',
      why,
      remedy: expect.stringMatching(/^Name the hosts/),
    });
  });
});

describe('permits()', () => {
  const permissions = permissionsFor('.example.com', 'api.test.org', '192.0.2.0/24', '[2001:db8::]/32');

  it.each([
    ['example.com', true],
    ['a.b.example.com', true],
    ['api.test.org', true],
    // What a name constraint says, not what the route does.
    ['below.api.test.org', true],
    ['192.0.2.255', true],
    ['2001:db8::5', true],
    ['::ffff:192.0.2.1', true],
    ['evilexample.com', false],
    ['example.com.evil.org', false],
    ['com', false],
    ['test.org', false],
    ['192.0.3.1', false],
    ['2001:db9::1', false],
  ])('%s: %s', (host, expected) => {
    expect(permits(permissions, parseHost(host))).toBe(expected);
  });

  it('permits nothing when no host is routed', () => {
    const none = permissionsFor();
    for (const host of ['example.com', 'invalid', '192.0.2.1', '::1'])
      expect(permits(none, parseHost(host))).toBe(false);
  });
});

describe('coversPermissions()', () => {
  it.each([
    [['.example.com'], ['api.example.com'], true],
    [['api.example.com'], ['.example.com'], false],
    [['api.example.com'], ['api.example.com', '192.0.2.1'], false],
    [['10.0.0.0/8'], ['10.1.0.0/16'], true],
    [['10.1.0.0/16'], ['10.0.0.0/8'], false],
    [['10.0.0.0/8'], ['[2001:db8::1]'], false],
    [['example.com'], [], true],
    [[], [], true],
  ])('%j over %j: %s', (outer, inner, expected) => {
    expect(coversPermissions(permissionsFor(...outer), permissionsFor(...inner))).toBe(expected);
  });
});
