import { describe, expect, it } from 'vitest';
import { asLowerRaw, asObject, lesserFields, messageFields, only } from './http2-fields.ts';

describe('messageFields()', () => {
  it('leaves pseudo-fields and hop-by-hop fields out, and keeps order and repetition', () => {
    const raw = [':path', '/', 'b', '1', 'connection', 'x', 'x', '2', 'a', '3', 'b', '4', 'upgrade', 'h2c'];
    expect(messageFields(raw)).toEqual([
      ['b', '1'],
      ['a', '3'],
      ['b', '4'],
    ]);
  });

  it.each([
    ['trailers', true],
    [' Trailers ', true],
    ['gzip', false],
    ['trailers, gzip', false],
  ])('of te: %j says trailers: %s', (value, expected) => {
    const fields = messageFields(['te', value]);
    expect(fields).toEqual(expected ? [['te', 'trailers']] : []);
  });
});

it('lesserFields() leaves out what means something in front of a message only', () => {
  const raw = [':status', '200', 'grpc-status', '0', 'authorization', 'x', 'content-length', '5'];
  expect(lesserFields(raw)).toEqual([['grpc-status', '0']]);
});

it('asObject() holds every value, also of a name that objects have already', () => {
  const object = asObject([
    ['A', '1'],
    ['a', '2'],
    ['__proto__', '3'],
  ]);
  expect(Object.entries(object)).toEqual([
    ['a', ['1', '2']],
    ['__proto__', ['3']],
  ]);
});

it('asLowerRaw() writes names in lower case and leaves values', () => {
  expect(asLowerRaw([['X-A', 'B']])).toEqual(['x-a', 'B']);
});

it('only() gives nothing for a field that stands there twice', () => {
  expect(only({ 'set-cookie': ['a', 'b'] }, 'set-cookie')).toBeUndefined();
  expect(only({ host: 'a' }, 'host')).toBe('a');
});
