import type { Field } from '@paude/credentials';
import { describe, expect, it } from 'vitest';
import { type BodyFraming, readFraming } from './body-framing.ts';

function fieldsOf(lines: readonly string[]): Field[] {
  return lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]);
}

describe('readFraming()', () => {
  it.each<[readonly string[], BodyFraming]>([
    [[], 'until-close'],
    [['Content-Type: x'], 'until-close'],
    [['Content-Length: 0'], 0],
    [['CONTENT-LENGTH: 5'], 5],
    [['Content-Length: 999999999999999'], 999_999_999_999_999],
    [['Transfer-Encoding: chunked'], 'chunked'],
    [['transfer-encoding: CHUNKED'], 'chunked'],
    [['Content-Lengthy: 5', 'Transfer-Encodings: gzip'], 'until-close'],
  ])('of %j is %j', (lines, framing) => {
    expect(readFraming(fieldsOf(lines), '1.1', 'until-close')).toEqual({ framing });
  });

  it.each<[readonly string[], string]>([
    [['Content-Length: 5', 'Transfer-Encoding: chunked'], 'present with'],
    [['Transfer-Encoding: chunked', 'Content-Length: 5'], 'present with'],
    [['Transfer-Encoding: identity', 'Content-Length: 0'], 'present with'],
    [['Content-Length: 5', 'Content-Length: 5'], 'Content-Length stands twice'],
    [['Content-Length: 5', 'content-length: 6'], 'Content-Length stands twice'],
    [['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], 'transfer-encoding stands twice'],
    [['Transfer-Encoding: gzip', 'Transfer-Encoding: chunked'], 'transfer-encoding stands twice'],
    [['Content-Length:'], 'digits'],
    [['Content-Length: +5'], 'digits'],
    [['Content-Length: -0'], 'digits'],
    [['Content-Length: 5, 5'], 'digits'],
    [['Content-Length: 0x5'], 'digits'],
    [['Content-Length: 5 5'], 'digits'],
    [['Content-Length: 5.0'], 'digits'],
    [['Content-Length: 1e3'], 'digits'],
    [['Content-Length: ٥'], 'digits'],
    [['Content-Length: 1000000000000000'], 'every reader can hold'],
    [['Transfer-Encoding:'], 'not chunked alone'],
    [['Transfer-Encoding: gzip, chunked'], 'not chunked alone'],
    [['Transfer-Encoding: chunked, chunked'], 'not chunked alone'],
    [['Transfer-Encoding: chunked;q=1'], 'not chunked alone'],
    [['Transfer-Encoding: "chunked"'], 'not chunked alone'],
    [['Transfer-Encoding: xchunked'], 'not chunked alone'],
    [['Transfer-Encoding: identity'], 'not chunked alone'],
  ])('%j is a fault', (lines, fault) => {
    expect(readFraming(fieldsOf(lines), '1.1', 0)).toEqual({ fault: expect.stringContaining(fault) });
  });

  it('has no chunks in HTTP/1.0', () => {
    const fields = fieldsOf(['Transfer-Encoding: chunked']);
    expect(readFraming(fields, '1.0', 0)).toEqual({ fault: 'HTTP/1.0 has no transfer coding' });
  });
});
