import { describe, expect, it } from 'vitest';
import { parseChunkLine } from './chunk-line.ts';

describe('parseChunkLine()', () => {
  it.each<[string, number]>([
    ['0', 0],
    ['a', 10],
    ['FF', 255],
    ['0005', 5],
    ['5;name=value', 5],
    ['5;', 5],
    ['5;a="b;c\\" \t\xe4"', 5],
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
  ])('takes %j for none', (line) => {
    expect(parseChunkLine(line)).toBeUndefined();
  });
});
