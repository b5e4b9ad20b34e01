import { describe, expect, it } from 'vitest';
import type { Field } from '../request/request-head.ts';
import { request } from '../testing/request.ts';
import { MAX_ANSWERED_BYTES } from './answer.ts';
import { readParameters } from './parameters.ts';

const FORM: Field = ['Content-Type', 'application/x-www-form-urlencoded; charset=utf-8'];
const JSON_TYPE: Field = ['content-type', 'application/json'];

/** The parameters as an object, or why there are none. */
function read(body: string | Uint8Array, fields: readonly Field[] = [FORM], path = '/token'): unknown {
  const parameters = readParameters(request({ method: 'POST', path, fields }), Buffer.from(body));
  return typeof parameters === 'string' ? parameters : Object.fromEntries(parameters);
}

describe('readParameters() of a form', () => {
  it('reads names and values', () => {
    expect(read('grant_type=refresh_token&refresh_token=a%20b+c')).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'a b c',
    });
    expect(read('')).toEqual({});
  });

  it.each([
    ['a=1&a=2', 'the parameter a stands there twice'],
    ['a=1&%61=2', 'the parameter a stands there twice'],
    ['sk-real-1=1&sk-real-1=2', 'the parameter with an odd name stands there twice'],
  ])('does not read %s: servers take the first or the last', (body, why) => {
    expect(read(body)).toBe(why);
  });
});

describe('readParameters() of JSON', () => {
  it('reads texts, numbers and truth values, and shows what lies deeper as a whole', () => {
    const body = '{"a":"x","b":1,"c":true,"d":null,"e":{"refresh_token":"y"},"f":["z"]}';
    expect(read(body, [JSON_TYPE])).toEqual({
      a: 'x',
      b: '1',
      c: 'true',
      e: '{"refresh_token":"y"}',
      f: '["z"]',
    });
  });

  it.each([
    ['{"a":"1","a":"2"}', 'the parameter a stands there twice'],
    [String.raw`{"a":"1","\u0061":"2"}`, 'the parameter a stands there twice'],
    ['{"a" : {"b":1}, "c":[{"c":2}], "a":2}', 'the parameter a stands there twice'],
    ['{"a":1', 'the body is not JSON'],
    ['[]', 'the body is no JSON object'],
    ['null', 'the body is no JSON object'],
    ['"a"', 'the body is no JSON object'],
    ['', 'the body is not JSON'],
  ])('does not read %s', (body, why) => {
    expect(read(body, [JSON_TYPE])).toBe(why);
  });

  it('tells keys from values that look like keys', () => {
    expect(read(String.raw`{"a":"\"a\":","b":"{\"a\":1","c":["a"]}`, [JSON_TYPE])).toMatchObject({
      a: '"a":',
    });
  });

  it('keeps a parameter that is called like a property of every object', () => {
    expect(read('{"__proto__":"x","constructor":"y"}', [JSON_TYPE])).toEqual(
      Object.fromEntries([
        ['__proto__', 'x'],
        ['constructor', 'y'],
      ]),
    );
  });
});

describe('readParameters() of anything else', () => {
  it.each<[string, readonly Field[], string]>([
    ['no content-type', [], 'there is not exactly one content-type'],
    ['two of them', [FORM, JSON_TYPE], 'there is not exactly one content-type'],
    ['another one', [['content-type', 'text/plain']], 'the content-type is neither a form nor JSON'],
    [
      'multipart',
      [['content-type', 'multipart/form-data; boundary=x']],
      'the content-type is neither a form nor JSON',
    ],
    ['a compressed body', [FORM, ['content-encoding', 'gzip']], 'the body is compressed'],
    [
      'encodings in two fields',
      [FORM, ['content-encoding', 'identity'], ['Content-Encoding', 'br']],
      'the body is compressed',
    ],
  ])('does not read %s', (_, fields, why) => {
    expect(read('a=1', fields)).toBe(why);
  });

  it('reads a body that is said to be as it is', () => {
    expect(read('a=1', [FORM, ['content-encoding', 'Identity']])).toEqual({ a: '1' });
  });

  it('does not read parameters in the query, beside which those of the body might not count', () => {
    expect(read('a=1', [FORM], '/token?a=2')).toBe('parameters stand in the query');
    expect(read('a=1', [FORM], '/token?')).toBe('parameters stand in the query');
  });

  it('does not read what is no UTF-8, or too much', () => {
    expect(read(Uint8Array.from([0x61, 0x3d, 0xff]))).toBe('the body is not UTF-8');
    expect(read(`a=${'x'.repeat(MAX_ANSWERED_BYTES)}`)).toBe('the body is larger than 65536 bytes');
  });
});
