import { describe, expect, it } from 'vitest';
import { mayBeginChunkLine, parseChunkLine } from './chunk-line.ts';

describe('parseChunkLine()', () => {
  it.each<[string, number]>([
    ['0', 0],
    ['a', 10],
    ['FF', 255],
    ['0005', 5],
    ['5;name=value', 5],
    ['5;a="b;c\\" \t\xe4";d;e=f', 5],
    ['5;a=""', 5],
    ['fffffffffffff', 2 ** 52 - 1],
  ])('reads %j', (line, size) => {
    expect(parseChunkLine(line)).toBe(size);
  });

  it.each([
    '',
    ' 5',
    '5 ',
    '5 ;a',
    '+5',
    '-5',
    '0x5',
    'g',
    '5g',
    '5,5',
    '5\r',
    '5\n',
    '5;a\n',
    '5;a\r',
    '5;a\0',
    '10000000000000',
    '00000000000005',
    ';a',
    '5;',
    '5;;a',
    '5; a',
    '5;a ',
    '5;a=',
    '5;a b',
    '5;a="b',
    '5;a="b"c',
    '5;a="b\\"',
  ])('takes %j for none', (line) => {
    expect(parseChunkLine(line)).toBeUndefined();
  });
});

describe('mayBeginChunkLine()', () => {
  it.each(['', '5', '5;', '5;a="b', 'fffffffffffff'])('takes %j', (text) => {
    expect(mayBeginChunkLine(text)).toBe(true);
  });

  it.each([' ', 'x', '5\n', '5;a\n', '5;\0', 'ffffffffffffff', ';'])('does not take %j', (text) => {
    expect(mayBeginChunkLine(text)).toBe(false);
  });
});
