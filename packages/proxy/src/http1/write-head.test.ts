import type { Field } from '@paude/credentials';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRequestHead, parseResponseHead } from './message-head.ts';
import { HeadFault, writeFields, writeHead } from './write-head.ts';

describe('writeHead()', () => {
  it('puts our own lines in front of the fields', () => {
    const fields: Field[] = [
      ['a', '1'],
      ['B', ''],
    ];
    const text = writeHead('GET / HTTP/1.1', 'Host: x\r\n', fields);
    expect(text).toBe('GET / HTTP/1.1\r\nHost: x\r\na: 1\r\nB: \r\n');
    expect(writeHead('HTTP/1.1 200 All is well', '', [])).toBe('HTTP/1.1 200 All is well\r\n');
    expect(writeHead('HTTP/1.1 103 ', '', [])).toBe('HTTP/1.1 103 \r\n');
  });

  it.each<[string, readonly Field[]]>([
    ['GET / HTTP/1.1', [['a', '1\r\nb: 2']]],
    ['GET / HTTP/1.1', [['a', '1\nb: 2']]],
    ['GET / HTTP/1.1', [['a', '1\r']]],
    ['GET / HTTP/1.1', [['a', '\0']]],
    ['GET / HTTP/1.1', [['a', 'ł']]],
    ['GET / HTTP/1.1', [['a: 1\r\nb', '2']]],
    ['GET / HTTP/1.1', [['', '2']]],
    ['GET / HTTP/1.1', [['a b', '2']]],
    ['GET / HTTP/1.1', [['a', '1\r\n\r\nGET /hidden HTTP/1.1']]],
    ['GET /\r\nX: 1 HTTP/1.1', []],
    ['GET /\r\n\r\n HTTP/1.1', []],
    ['HTTP/1.1 200 OK\r\n\r\nx', []],
    ['HTTP/1.1 200 O\0K', []],
    ['', []],
  ])('sends nothing of %j with %j', (start, fields) => {
    expect(() => writeHead(start, 'Host: x\r\n', fields)).toThrow(HeadFault);
  });

  it('writes what the reader reads back, whatever it was given, or nothing', () => {
    const piece = fc.constantFrom(
      'a',
      'X-B',
      ' ',
      '\t',
      ':',
      '\r',
      '\n',
      '\r\n',
      '\0',
      '\xe4',
      'ł',
      '/',
      '1',
    );
    const text = fc.array(piece, { maxLength: 5 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 4 }), text, (fields, phrase) => {
        let written: string;
        try {
          written = writeHead(`HTTP/1.1 200 ${phrase}`, '', fields);
        } catch (error) {
          expect(error).toBeInstanceOf(HeadFault);
          return;
        }
        const read = parseResponseHead(written);
        const trimmed = fields.map(([name, value]) => [name, value.replace(/^[ \t]+|[ \t]+$/g, '')]);
        expect(read).toMatchObject({ status: 200, phrase, fields: trimmed });
      }),
      { numRuns: 2000 },
    );
  });

  it('is quick about long heads', () => {
    const fields: Field[] = Array.from({ length: 3000 }, (_, index) => [`a${index}`, '1']);
    const text = writeHead('GET / HTTP/1.1', '', fields);
    expect(parseRequestHead(text)).toMatchObject({ method: 'GET', fields });
  });
});

describe('writeFields()', () => {
  it('writes lines, or nothing', () => {
    expect(writeFields([])).toBe('');
    expect(
      writeFields([
        ['a', '1'],
        ['b', '2'],
      ]),
    ).toBe('a: 1\r\nb: 2\r\n');
    expect(() => writeFields([['a', '1\r\n']])).toThrow(HeadFault);
  });
});
