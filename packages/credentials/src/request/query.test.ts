import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { queryValues, withoutQuery, withQuery } from './query.ts';

describe('queryValues()', () => {
  it.each([
    ['/v1', []],
    ['/v1?', []],
    ['/v1?key=a', ['a']],
    ['/v1?a=1&key=b&key=c', ['b', 'c']],
    ['/v1?%6b%65y=b', ['b']],
    ['/v1?KEY=b', ['b']],
    ['/v1?a=1;key=b', ['b']],
    ['/v1?key[]=b&key%5B0%5D=c', ['b', 'c']],
    ['/v1?key', ['']],
    ['/v1?+key=b', ['b']],
    ['/v1?key=a%20b+c', ['a b c']],
    ['/v1?key=%zz%4', ['%zz%4']],
    ['/v1?keys=a&akey=b&a=key', []],
    ['/v1?x=?key=a', []],
    ['/v1?key%00x=a', ['a']],
    ['/v1?%256bey=a', []],
  ])('finds in %s %j', (path, expected) => {
    expect(queryValues(path, 'key')).toEqual(expected);
  });
});

it.each(['api_key', '%61pi_key', 'API_KEY', 'api.key', 'api%20key', 'api+key', 'api%5Fkey', 'api_key%5B%5D'])(
  'takes the parameter %s for api_key',
  (spelling) => {
    expect(queryValues(`/v1?${spelling}=a`, 'api_key')).toEqual(['a']);
    expect(withQuery(`/v1?x=1&${spelling}=a`, 'api_key', 'real')).toBe('/v1?x=1&api_key=real');
  },
);

describe('withoutQuery()', () => {
  it.each([
    ['/v1?key=a', '/v1'],
    ['/v1?a=%31&key=b&c=+', '/v1?a=%31&c=+'],
    ['/v1?%4Bey=b&a=1', '/v1?a=1'],
    ['/v1?a=1;key=b;c=2', '/v1?a=1;c=2'],
    ['/v1', '/v1'],
    ['/v1?', '/v1?'],
    ['/v1?&&a=1', '/v1?&&a=1'],
    ['/v1?&key=x&a=1', '/v1?&a=1'],
  ])('makes %s into %s', (path, expected) => {
    expect(withoutQuery(path, 'key')).toBe(expected);
  });
});

describe('withQuery()', () => {
  it('puts the value at the end, escaped, and leaves the rest byte for byte', () => {
    expect(withQuery('/v1', 'key', 'a&b=c')).toBe('/v1?key=a%26b%3Dc');
    expect(withQuery('/v1?alt=sse&k%65y=x', 'key', 'y')).toBe('/v1?alt=sse&key=y');
    expect(withQuery('/v1?a=1&', 'key', 'y')).toBe('/v1?a=1&key=y');
  });

  it('leaves exactly one value there, whatever the query was', () => {
    const piece = fc.constantFrom('key', 'KEY', 'k%65y', 'a', 'key[]', '=', '&', ';', '%', '+', 'x', '%26');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const path = withQuery(`/v1?${pieces.join('')}`, 'key', 'real');
        expect(queryValues(path, 'key')).toEqual(['real']);
        expect(new URL(path, 'https://x').searchParams.getAll('key')).toEqual(['real']);
      }),
    );
  });
});
