import { describe, expect, it } from 'vitest';
import { inOrder, isBelow } from './mount.ts';

describe('isBelow()', () => {
  it.each([
    ['/a/b', '/a', true],
    ['/a', '/a', true],
    ['/ab', '/a', false],
    ['/a', '/', true],
    ['/', '/a', false],
  ])('says of %s and %s: %s', (path, directory, expected) => {
    expect(isBelow(path, directory)).toBe(expected);
  });
});

describe('inOrder()', () => {
  it('has what lies above first, so that the more precise wins', () => {
    const mounts = inOrder([
      { kind: 'nothing', path: '/home/me/.aws/credentials' },
      { kind: 'write', path: '/home/me' },
      { kind: 'empty', path: '/home/me/.aws' },
    ]);
    expect(mounts.map(({ path }) => path)).toEqual([
      '/home/me',
      '/home/me/.aws',
      '/home/me/.aws/credentials',
    ]);
  });

  it('keeps what was said last of a place', () => {
    expect(
      inOrder([
        { kind: 'empty', path: '/x' },
        { kind: 'read', path: '/x' },
      ]),
    ).toEqual([{ kind: 'read', path: '/x' }]);
  });
});
