import { describe, expect, it } from 'vitest';
import { request } from '../testing/request.ts';
import { loosePath, loosePaths } from './endpoint.ts';

describe('loosePath()', () => {
  it.each([
    ['/token', '/token'],
    ['/token/', '/token'],
    ['//token', '/token'],
    ['/./token', '/token'],
    ['/a/../token', '/token'],
    ['/a/%2e%2e/token', '/token'],
    ['/a/..%2ftoken', '/token'],
    ['/a/..;x=1/token', '/token'],
    ['/../../token', '/token'],
    ['/%74oken', '/token'],
    ['/%2574oken', '/token'],
    ['/TOKEN', '/token'],
    ['/token;x=1', '/token'],
    [String.raw`\token`, '/token'],
    ['/%5ctoken', '/token'],
    ['/token?x=1', '/token'],
    ['/token?/../x', '/token'],
    ['/v1%2Ftoken', '/v1/token'],
    ['', '/'],
    ['/', '/'],
    ['*', '/*'],
    ['/%zz', '/%zz'],
  ])('reads %s as %s', (path, expected) => {
    expect(loosePath(request({ path }))).toBe(expected);
  });
});

describe('loosePaths()', () => {
  it('has a path with its parameters as well, as not every server knows them', () => {
    expect(loosePaths(request({ path: '/a;b/c:signJwt' }))).toEqual(['/a;b/c:signjwt', '/a/c:signjwt']);
    expect(loosePaths(request({ path: '/a%3Bb:signJwt' }))).toEqual(['/a;b:signjwt', '/a']);
    expect(loosePaths(request({ path: '/a' }))).toEqual(['/a']);
  });
});
