import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  endToEndFields,
  fieldValues,
  framingFault,
  hasPassed,
  requestFields,
  responseFields,
  trailerFields,
} from './fields.ts';

describe('endToEndFields()', () => {
  it.each([
    'Connection',
    'KEEP-ALIVE',
    'proxy-connection',
    'Proxy-Authenticate',
    'Proxy-Authorization',
    'Proxy-Authentication-Info',
    'TE',
    'Trailer',
    'Transfer-Encoding',
    'Upgrade',
    'HTTP2-Settings',
  ])('leaves out %s, which is for this hop', (name) => {
    expect(endToEndFields(['A', '1', name, 'x', 'B', '2'])).toEqual(['A', '1', 'B', '2']);
  });

  it('leaves out what Connection names, in any case, over several fields and with odd commas', () => {
    const fields = [
      'Connection',
      'close, ,X-One,',
      'X-ONE',
      '1',
      'x-two',
      '2',
      'CONNECTION',
      '\tx-Two ',
      'X-3',
      '3',
    ];
    expect(endToEndFields(fields)).toEqual(['X-3', '3']);
  });

  it('keeps Content-Length even when Connection names it: it says where the message ends', () => {
    expect(endToEndFields(['Connection', 'content-length', 'Content-Length', '5'])).toEqual([
      'Content-Length',
      '5',
    ]);
  });

  it('keeps order, spelling and repetition of all else', () => {
    const fields = ['b', '1', 'A', '2', 'B', '3', 'Set-Cookie', 'x', 'Set-Cookie', 'y'];
    expect(endToEndFields(fields)).toEqual(fields);
  });

  it('lets no hop-by-hop or nominated field through, whatever the fields', () => {
    const name = fc.constantFrom('Connection', 'connection', 'TE', 'X-A', 'x-b', 'Upgrade', 'Host', 'Via');
    const value = fc.constantFrom('', 'close', 'x-a', 'X-A,x-b', 'te', 'host , via');
    const anyFields = fc.array(fc.tuple(name, value), { maxLength: 8 }).map((pairs) => pairs.flat());
    fc.assert(
      fc.property(anyFields, (fields) => {
        const nominated = fieldValues(fields, 'connection').flatMap((list) =>
          list.split(',').map((option) => option.trim().toLowerCase()),
        );
        const kept = endToEndFields(fields).filter((_text, index) => index % 2 === 0);
        for (const field of kept.map((text) => text.toLowerCase())) {
          expect(['connection', 'te', 'upgrade', ...nominated]).not.toContain(field);
        }
      }),
    );
  });
});

describe('requestFields() and responseFields()', () => {
  it('puts the target in Host, first and once, whatever stood there, even when Connection names it', () => {
    const fields = [
      'X-A',
      '1',
      'HOST',
      'evil.test',
      'host',
      'b.test',
      'Connection',
      'host, via',
      'Via',
      '1.0 b',
    ];
    expect(requestFields(fields, 'good.test', '1.1 paude')).toEqual([
      'Host',
      'good.test',
      'X-A',
      '1',
      'Via',
      '1.1 paude',
    ]);
  });

  it('adds its Via behind those that are there', () => {
    expect(responseFields(['Via', '1.0 b'], '1.1 paude')).toEqual(['Via', '1.0 b', 'Via', '1.1 paude']);
  });
});

describe('trailerFields()', () => {
  it.each([
    'Host',
    'content-length',
    'Authorization',
    'Cookie',
    'Set-Cookie',
    'Content-Type',
    'TE',
    'Expect',
    'Range',
  ])('leaves out %s, which means something only in front of a message', (name) => {
    expect(trailerFields(['X-A', '1', name, 'x', 'Digest', '2'])).toEqual(['X-A', '1', 'Digest', '2']);
  });
});

describe('framingFault()', () => {
  const length = (value: string) => ['Content-Length', value];
  const coding = (value: string) => ['Transfer-Encoding', value];

  it.each<[string[], string]>([
    [[], '1.1'],
    [length('0'), '1.1'],
    [length('007'), '1.0'],
    [length('999999999999999'), '1.1'],
    [coding('chunked'), '1.1'],
    [coding('CHUNKED'), '1.1'],
  ])('finds none in %j of HTTP/%s', (fields, version) => {
    expect(framingFault(fields, version)).toBeUndefined();
  });

  it.each<[string[], string, string]>([
    [[...length('5'), ...length('5')], '1.1', 'content-length stands twice'],
    [[...length('5'), 'CONTENT-LENGTH', '6'], '1.1', 'content-length stands twice'],
    [[...coding('chunked'), ...coding('chunked')], '1.1', 'transfer-encoding stands twice'],
    [length('9007199254740993'), '1.1', 'no number that every reader can hold'],
    [length('18446744073709551615'), '1.1', 'no number that every reader can hold'],
    [length('5, 5'), '1.1', 'no number that every reader can hold'],
    [length('+5'), '1.1', 'no number that every reader can hold'],
    [length(''), '1.1', 'no number that every reader can hold'],
    [coding('gzip, chunked'), '1.1', 'not chunked alone'],
    [coding('identity'), '1.1', 'not chunked alone'],
    [coding(''), '1.1', 'not chunked alone'],
    [coding('xchunked'), '1.1', 'not chunked alone'],
    [coding('chunked'), '1.0', 'HTTP/1.0 has no transfer coding'],
  ])('finds one in %j of HTTP/%s: %s', (fields, version, why) => {
    expect(framingFault(fields, version)).toContain(why);
  });
});

describe('fieldValues()', () => {
  it('finds every value whatever the case of the name', () => {
    expect(fieldValues(['Host', 'a', 'X', 'b', 'hOST', 'c'], 'host')).toEqual(['a', 'c']);
    expect(fieldValues([], 'host')).toEqual([]);
  });
});

describe('hasPassed()', () => {
  it.each([
    [['Via', '1.1 paude-abc'], true],
    [['via', '1.0 first, 1.1 PAUDE-ABC (a comment)'], true],
    [['Via', '1.0 first', 'VIA', 'HTTP/1.1  paude-abc'], true],
    [['Via', '1.1 paude-abcd'], false],
    [['Via', '1.1 first (paude-abc)'], false],
    [['Via', 'paude-abc'], false],
    [['X-Via', '1.1 paude-abc'], false],
    [[], false],
  ])('%j: %s', (fields, expected) => {
    expect(hasPassed(fields, 'paude-abc')).toBe(expected);
  });
});
