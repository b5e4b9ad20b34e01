import { describe, expect, it } from 'vitest';
import { hasPathPrefix, isAmbiguousPath } from './path.ts';

describe('isAmbiguousPath()', () => {
  it.each([
    '/a/../b',
    '/a/..',
    '/./a',
    '/a/.',
    '/a/..;/b',
    '/a/.;x=1/b',
    '//a',
    '/a//b',
    '/a%2fb',
    '/a%2Fb',
    '/a%5cb',
    '/a\\b',
    '/%2e%2e/a',
    '/a%252e',
    '/a%00',
    '/%61dmin',
    '/%41dmin',
    '/a%7Edmin',
    '/a%2Dmin',
    '/a%5fmin',
    '/%30',
    '/a;x=1/b',
    '/a;',
    '/a#b',
    '/a b',
    '/a\tb',
    'a',
    '',
    'https://example.com/a',
  ])('holds %j for ambiguous', (path) => {
    expect(isAmbiguousPath(path)).toBe(true);
  });

  it.each([
    '/',
    '/a',
    '/a/',
    '/a.b/..c/d..',
    '/%C3%A9',
    '/%20%40%3a%5B%7B%60',
    '/a?x=/../y%2f//',
    '*',
    '/@scope/...',
  ])('holds %j for plain', (path) => {
    expect(isAmbiguousPath(path)).toBe(false);
  });
});

describe('hasPathPrefix()', () => {
  it.each([
    ['/backend-api/codex', true],
    ['/backend-api/codex/responses', true],
    ['/backend-api/codex?x=1', true],
    ['/backend-api/codex/?x=1', true],
    ['/backend-api/codexes', false],
    ['/backend-api', false],
    ['/Backend-Api/codex', false],
    ['/%62ackend-api/codex', false],
    ['/?/backend-api/codex', false],
  ])('says of %s: %j', (path, expected) => {
    expect(hasPathPrefix(path, '/backend-api/codex')).toBe(expected);
  });

  it('takes a prefix with a slash at its end for what lies below', () => {
    expect(hasPathPrefix('/v1/models', '/v1/')).toBe(true);
    expect(hasPathPrefix('/v1', '/v1/')).toBe(false);
  });
});
