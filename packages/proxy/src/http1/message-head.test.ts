import { describe, expect, it } from 'vitest';
import {
  beginningFault,
  hasBareLineEnd,
  lineFault,
  parseFields,
  parseRequestHead,
  parseResponseHead,
} from './message-head.ts';

describe('parseRequestHead()', () => {
  it('reads the line and the fields as they came, without the space around values', () => {
    const text = 'POST /a?b=c HTTP/1.1\r\nHost: x\r\nX-A:\t 1 2 \t\r\nx-a:\r\nX-\xe4: 1\r\n'.replace(
      '\xe4',
      'B',
    );
    expect(parseRequestHead(text)).toEqual({
      method: 'POST',
      target: '/a?b=c',
      version: '1.1',
      fields: [
        ['Host', 'x'],
        ['X-A', '1 2'],
        ['x-a', ''],
        ['X-B', '1'],
      ],
    });
    expect(parseRequestHead('OPTIONS * HTTP/1.0\r\n')).toMatchObject({
      target: '*',
      version: '1.0',
      fields: [],
    });
  });

  it.each<[string, string, string]>([
    ['no version', 'GET /\r\n', 'request line is malformed'],
    ['two spaces', 'GET  / HTTP/1.1\r\n', 'request line is malformed'],
    ['a space behind the version', 'GET / HTTP/1.1 \r\n', 'request line is malformed'],
    ['a space in the target', 'GET /a b HTTP/1.1\r\n', 'request line is malformed'],
    ['a space in front of the method', ' GET / HTTP/1.1\r\n', 'request line is malformed'],
    ['a tab for the space', 'GET\t/ HTTP/1.1\r\n', 'request line is malformed'],
    ['a NUL in the target', 'GET /\0 HTTP/1.1\r\n', 'request line is malformed'],
    ['DEL in the target', 'GET /\x7f HTTP/1.1\r\n', 'request line is malformed'],
    ['lower case in HTTP', 'GET / http/1.1\r\n', 'request line is malformed'],
    ['a version of two digits', 'GET / HTTP/1.10\r\n', 'request line is malformed'],
    ['a LF at its end', 'GET / HTTP/1.1\nA: b\r\n', 'CR or LF alone'],
    ['a CR at its end', 'GET / HTTP/1.1\rA: b\r\n', 'CR or LF alone'],
    ['HTTP/2.0', 'GET / HTTP/2.0\r\n', 'version is not'],
    ['HTTP/1.2', 'GET / HTTP/1.2\r\n', 'version is not'],
    ['HTTP/0.9', 'GET / HTTP/0.9\r\n', 'version is not'],
    ['a method in lower case', 'get / HTTP/1.1\r\n', 'method is none'],
    ['a method that nobody knows', 'PAUDE / HTTP/1.1\r\n', 'method is none'],
    ['nothing', '\r\n', 'request line is malformed'],
  ])('refuses %s', (_, text, detail) => {
    expect(parseRequestHead(text)).toEqual({ fault: 'bad-request', detail: expect.stringContaining(detail) });
  });

  it('refuses a target outside of ASCII by a reason of its own', () => {
    expect(parseRequestHead('GET /\xe4 HTTP/1.1\r\n')).toEqual({
      fault: 'bad-target',
      detail: 'the request target has a byte outside of ASCII',
    });
  });
});

describe('parseResponseHead()', () => {
  it.each<[string, number, string, string]>([
    ['HTTP/1.1 200 OK\r\n', 200, 'OK', '1.1'],
    ['HTTP/1.0 404 Not Found\r\n', 404, 'Not Found', '1.0'],
    ['HTTP/1.1 200 \r\n', 200, '', '1.1'],
    ['HTTP/1.1 200\r\n', 200, '', '1.1'],
    ['HTTP/1.1 599 \xe4 \t x\r\n', 599, '\xe4 \t x', '1.1'],
  ])('reads %j', (text, status, phrase, version) => {
    expect(parseResponseHead(text)).toEqual({ status, phrase, version, fields: [] });
  });

  it.each<[string, string]>([
    ['HTTP/1.1 20 OK\r\n', 'no response'],
    ['HTTP/1.1 2000 OK\r\n', 'no response'],
    ['HTTP/1.1 099 OK\r\n', 'no response'],
    ['HTTP/1.1  200 OK\r\n', 'no response'],
    ['HTTP/1.1 200 O\0K\r\n', 'no response'],
    ['HTTP/1.1 200 OK\nA: b\r\n', 'no response'],
    ['HTTP/2.0 200 OK\r\n', 'version is not'],
    ['HTTP/1.2 200 OK\r\n', 'version is not'],
    ['ICY 200 OK\r\n', 'no response'],
    ['SSH-2.0-x\r\n', 'no response'],
  ])('refuses %j', (text, detail) => {
    expect(parseResponseHead(text)).toEqual({
      fault: 'bad-request',
      detail: expect.stringContaining(detail),
    });
  });
});

describe('parseFields()', () => {
  it.each<[string, string, string]>([
    ['a space in front of the colon', 'A : b\r\n', 'in front of a colon'],
    ['a tab in front of the colon', 'A\t: b\r\n', 'in front of a colon'],
    ['a folded value', 'A: b\r\n c\r\n', 'folded'],
    ['a folded value behind a tab', 'A: b\r\n\tc\r\n', 'folded'],
    ['a space in front of the first name', ' A: b\r\n', 'folded'],
    ['no colon', 'A\r\n', 'no colon'],
    ['no name', ': b\r\n', 'no token'],
    ['a name with a space', 'A B: c\r\n', 'no token'],
    ['a name with a NUL', 'A\0: b\r\n', 'no token'],
    ['a name outside of ASCII', '\xe4: b\r\n', 'no token'],
    ['a name in brackets', '(A): b\r\n', 'no token'],
    ['a value with a NUL', 'A: b\0\r\n', 'control character'],
    ['a value with DEL', 'A: b\x7f\r\n', 'control character'],
    ['a value with a vertical tab', 'A: \x0bb\r\n', 'control character'],
    ['a value with a bare CR', 'A: b\rc\r\n', 'CR or LF alone'],
    ['a value with a bare LF', 'A: b\nB: c\r\n', 'CR or LF alone'],
  ])('refuses %s, also behind a field that is right', (_, line, detail) => {
    expect(parseFields(line, 0)).toContain(detail);
    expect(parseFields(`X-Ok: 1\r\n${line}`, 0)).toContain(detail);
  });

  it('says nothing of what stands in a field', () => {
    expect(parseFields('Authorization: Bearer s3cret\0\r\n', 0)).not.toContain('s3cret');
  });
});

describe('the beginning of a message', () => {
  it.each<[string, boolean]>([
    ['a\r\nb', false],
    ['a\r', false],
    ['a\nb', true],
    ['a\rb', true],
    ['\n', true],
    ['a\r\n\n', true],
    ['a\r\n\rX', true],
    ['\r\r\n', true],
  ])('hasBareLineEnd(%j) is %j', (text, expected) => {
    expect(hasBareLineEnd(text)).toBe(expected);
  });

  it.each(['G', 'GET', 'GET ', 'GET /a', 'GET /a ', 'GET /a HT', 'GET /a HTTP/1.1', 'GET /a HTTP/1.1\r'])(
    'of a request may be %j',
    (text) => expect(beginningFault(text, 'request')).toBeUndefined(),
  );

  it.each([' ', 'GET\0', '\x16\x03\x01', 'GET  ', 'GET / FTP', 'a:'])('of a request is never %j', (text) => {
    expect(beginningFault(text, 'request')?.detail).toBe('the request line is malformed');
  });

  it.each<[string, boolean]>([
    ['H', true],
    ['HTTP/1.', true],
    ['HTTP/1.1 2', true],
    ['SSH', false],
    ['HTTP/2', false],
    ['{"a"', false],
  ])('of a response: %j may be one: %j', (text, expected) => {
    expect(beginningFault(text, 'response') === undefined).toBe(expected);
  });

  it('is refused by its first line alone', () => {
    expect(lineFault('GET / HTTP/1.1\r\n', 'request')).toBeUndefined();
    expect(lineFault('GET / HTTP/3.0\r\n', 'request')?.detail).toContain('version');
    expect(lineFault('HTTP/1.1 OK\r\n', 'response')?.detail).toContain('no response');
  });
});
