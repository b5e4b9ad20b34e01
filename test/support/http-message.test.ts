import { expect, test } from 'vitest';
import { framingOf, parseHead, takeBody, takeMessage } from './http-message.ts';

test('parseHead() keeps order, case and repetition', () => {
  const head = parseHead(Buffer.from('GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nx-a:2 \r\nodd\r\n\r\n'));
  expect(head.startLine).toBe('GET / HTTP/1.1');
  expect(head.fields).toEqual([
    ['Host', 'a'],
    ['X-A', '1'],
    ['x-a', '2'],
    ['odd', ''],
  ]);
  expect(head.getAll('X-a')).toEqual(['1', '2']);
  expect(head.get('missing')).toBeUndefined();
});

test.each([
  ['POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhelloGET', 'hello', 3],
  [
    'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\n\r\nnext',
    'abcde',
    4,
  ],
  ['POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: 1\r\n\r\n', '', 0],
  ['GET / HTTP/1.1\r\n\r\n', '', 0],
])('takeMessage() finds where %j ends', (text, body, rest) => {
  const message = takeMessage(Buffer.from(text));
  expect(message?.body.toString()).toBe(body);
  expect(text.length - (message?.length ?? 0)).toBe(rest);
});

test.each([
  'GET / HTTP/1.1\r\nHost: a\r\n',
  'POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhell',
  'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n',
  'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc',
])('takeMessage() waits for the rest of %j', (text) => {
  expect(takeMessage(Buffer.from(text))).toBeUndefined();
});

test('a body that only the close ends is never whole', () => {
  const framing = framingOf(parseHead(Buffer.from('HTTP/1.1 200 OK\r\n\r\n')), 'close');
  expect(takeBody(Buffer.from('x'), framing)).toBeUndefined();
});
