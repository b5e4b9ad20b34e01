import { describe, expect, it } from 'vitest';
import { jwtClaims, jwtExpiryMs, unsignedJwt } from './jwt.ts';

const part = (text: string) => Buffer.from(text).toString('base64url');

describe('jwtClaims()', () => {
  it('reads what a token says of itself', () => {
    expect(jwtClaims(unsignedJwt({ sub: 'é', exp: 5 }, 'x'))).toEqual({ sub: 'é', exp: 5 });
  });

  it.each([
    '',
    'a',
    'a.b',
    `a.${part('{}')}`,
    `a.${part('{}')}.c.d`,
    'a..c',
    `a.${part('no json')}.c`,
    `a.${part('[1]')}.c`,
    `a.${part('null')}.c`,
    'sk-ant-api03-key',
  ])('reads nothing from %s', (token) => {
    expect(jwtClaims(token)).toBeUndefined();
  });
});

describe('jwtExpiryMs()', () => {
  it.each([
    ['{"exp":1700000000}', 1_700_000_000_000],
    ['{"exp":"1700000000"}', undefined],
    ['{"exp":0}', undefined],
    ['{"exp":-1}', undefined],
    ['{"exp":1e999}', undefined],
    ['{}', undefined],
  ])('reads from %s %j', (claims, expected) => {
    expect(jwtExpiryMs(`a.${part(claims)}.c`)).toBe(expected);
  });
});

describe('unsignedJwt()', () => {
  it('says that nobody signed it', () => {
    const [header = '', , signature] = unsignedJwt({}, 'stub').split('.');
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ alg: 'none', typ: 'JWT' });
    expect(signature).toBe('stub');
  });
});
