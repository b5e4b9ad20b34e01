import { compile, parseWords } from '@paude/allowlist';
import { describe, expect, it } from 'vitest';
import { specOf } from '../testing/specs.ts';
import { checkRoutes } from './check-routes.ts';
import { hostWarnings } from './host-warnings.ts';

/** The hosts of a route that an allowlist does not allow. */
function refused(hosts: readonly string[], allowed: readonly string[], isDefault = false): unknown[] {
  return checkRoutes([specOf({ hosts }, isDefault)], compile(parseWords(allowed))).map(({ host }) => host);
}

describe('checkRoutes()', () => {
  it('warns by name of a host that the allowlist does not allow', () => {
    expect(checkRoutes([specOf()], compile(parseWords(['github'])))).toEqual([
      {
        code: 'host-not-allowed',
        route: 'api',
        host: 'api.example.com',
        message: 'the route api is for api.example.com, which the allowlist does not allow',
        remedy: 'Allow api.example.com, or take it out of the route',
      },
    ]);
  });

  it.each<[readonly string[], readonly string[], readonly string[]]>([
    [['api.example.com'], ['api.example.com'], []],
    [['api.example.com'], ['.example.com'], []],
    [['api.example.com'], ['all'], []],
    [['api.example.com', 'b.example.com'], ['api.example.com'], ['b.example.com']],
    [['api.example.com'], ['.example.com', '!api.example.com'], ['api.example.com']],
    [['api.example.com'], ['api.example.com:8443'], ['api.example.com']],
    [['api.example.com:8443'], ['api.example.com:8443'], []],
    [['api.example.com:8443'], ['api.example.com'], ['api.example.com:8443']],
    [['api.example.com:*'], ['api.example.com'], []],
    [['.example.com'], ['api.example.com'], []],
    [['.example.com'], ['.example.org'], ['.example.com']],
    [['.example.com'], ['.example.com', '!.example.com'], ['.example.com']],
    [['.example.com'], ['.example.com', '!api.example.com'], []],
    [['.example.com'], ['api.example.com:8443'], ['.example.com']],
    [['*-x.example.com'], ['a-x.example.com'], []],
    [['api.example.com'], [], ['api.example.com']],
  ])('of the hosts %j with the allowlist %j: %j', (hosts, allowed, expected) => {
    expect(refused(hosts, allowed)).toEqual(expected);
  });

  it('warns of a default route only when none of its hosts is allowed', () => {
    expect(refused(['a.example.com', 'b.example.com'], ['a.example.com'], true)).toEqual([]);
    expect(refused(['a.example.com', 'b.example.com'], ['c.example.com'], true)).toEqual([
      'a.example.com',
      'b.example.com',
    ]);
  });

  it('does not take an expired rule for one', () => {
    const atMs = Date.parse('2031-06-01');
    const allowlist = parseWords(['.example.com']);
    const rules = allowlist.rules.map((rule) => ({ ...rule, expiresAtMs: atMs - 1 }));
    const policy = compile({ ...allowlist, rules }, { atMs });
    expect(checkRoutes([specOf({ hosts: ['.example.com'] })], policy)).toHaveLength(1);
  });
});

describe('hostWarnings()', () => {
  it('warns of hosts that anyone may get', () => {
    expect(hostWarnings(specOf({ name: 'pages', hosts: ['*.github.io', 'api.example.com'] }))).toEqual([
      {
        code: 'public-suffix-wide',
        route: 'pages',
        host: '*.github.io',
        message: expect.stringMatching(/^the route pages would send its credential to strangers: /),
        remedy: 'Name the hosts that the credential is for',
      },
    ]);
    expect(hostWarnings(specOf())).toEqual([]);
  });
});
