import { describe, expect, it } from 'vitest';
import { specOf } from '../testing/specs.ts';
import { arrange } from './arrange.ts';
import type { RouteSpec } from './route-spec.ts';

const namesOf = (specs: readonly RouteSpec[]) => arrange(specs).specs.map(({ name }) => name);

describe('arrange()', () => {
  it('tries longer path prefixes first, and then lower orders', () => {
    const specs = [
      specOf({ name: 'rest', order: 5 }),
      specOf({ name: 'first', order: -1 }),
      specOf({ name: 'v1', pathPrefix: '/v1' }),
      specOf({ name: 'models', pathPrefix: '/v1/models' }),
    ];
    expect(namesOf(specs)).toEqual(['models', 'v1', 'first', 'rest']);
  });

  it.each<[string, object, object]>([
    ['the same host', {}, {}],
    ['a host and its domain', { hosts: ['api.example.com'] }, { hosts: ['.example.com'] }],
    ['two globs with a host in common', { hosts: ['a*.example.com'] }, { hosts: ['*i.example.com'] }],
    [
      'an expression that may match it',
      { hosts: [String.raw`~^a.+\.example\.com$`] },
      { hosts: ['.example.com'] },
    ],
    ['the same port', { hosts: ['api.example.com:{443,8443}'] }, { hosts: ['api.example.com:8443'] }],
    ['every port', { hosts: ['api.example.com:*'] }, {}],
    ['the same path prefix', { pathPrefix: '/v1' }, { pathPrefix: '/v1' }],
  ])('wants an order between two routes for %s', (_, one, other) => {
    const specs = [specOf({ name: 'one', ...one }), specOf({ name: 'other', ...other })];
    expect(() => arrange(specs)).toThrow(
      expect.objectContaining({
        code: 'credentials-overlap',
        message: expect.stringMatching(
          /^Cannot use the credential route "other": one is for \S+ as well, and nothing says which of the two comes first\. Give one of them a lower order/,
        ),
      }),
    );
    expect(
      namesOf([specOf({ name: 'one', ...one, order: 2 }), specOf({ name: 'other', ...other, order: 1 })]),
    ).toEqual(['other', 'one']);
  });

  it.each<[string, object, object]>([
    ['different hosts', { hosts: ['a.example.com'] }, { hosts: ['b.example.com'] }],
    ['a look-alike', { hosts: ['.example.com'] }, { hosts: ['notexample.com'] }],
    ['different ports', { hosts: ['a.example.com:8443'] }, { hosts: ['a.example.com'] }],
    ['different path prefixes', { pathPrefix: '/a' }, { pathPrefix: '/b' }],
    ['a path prefix and none', { pathPrefix: '/a' }, {}],
  ])('wants none for %s', (_, one, other) => {
    expect(namesOf([specOf({ name: 'one', ...one }), specOf({ name: 'other', ...other })])).toHaveLength(2);
  });

  it('refuses two routes with one name', () => {
    expect(() =>
      arrange([specOf({ hosts: ['a.example.com'] }), specOf({ hosts: ['b.example.com'] })]),
    ).toThrow('Cannot use the credential route "api": two routes have this name');
  });

  it.each<[string, object, object, boolean]>([
    ['its hosts', { hosts: ['.example.com'] }, {}, true],
    ['its name', { name: 'default', hosts: ['other.example'] }, {}, true],
    ['its hosts and all paths', {}, { pathPrefix: '/codex' }, true],
    ['its hosts and more paths', { pathPrefix: '/backend' }, { pathPrefix: '/backend/codex' }, true],
    ['some of its paths', { pathPrefix: '/v1' }, {}, false],
    ['other paths', { pathPrefix: '/a' }, { pathPrefix: '/b' }, false],
    ['other hosts', { hosts: ['other.example'] }, {}, false],
  ])('lets a written route for %s win over a default one', (_, written, byDefault, wins) => {
    const specs = [specOf({ name: 'mine', ...written }), specOf({ name: 'default', ...byDefault }, true)];
    const { specs: kept, warnings } = arrange(specs);
    expect(kept.some(({ isDefault }) => isDefault)).toBe(!wins);
    expect(warnings.map(({ code, route }) => [code, route])).toEqual(
      wins ? [['default-replaced', 'default']] : [],
    );
  });
});
