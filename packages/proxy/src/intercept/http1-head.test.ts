import { parseHost } from '@paude/allowlist';
import { describe, expect, it } from 'vitest';
import { parseRequestHead } from '../http1/message-head.ts';
import { Http1HeadReader } from './http1-head.ts';

const HOST = parseHost('api.example.com');
const reader = new Http1HeadReader({ host: HOST, port: 443 });

/** Reads a request with these lines behind its first. */
function read(start: string, lines: readonly string[]) {
  const request = parseRequestHead(`${[start, ...lines].join('\r\n')}\r\n`);
  if ('fault' in request) throw new Error(request.detail);
  return reader.read(request);
}

const GET = 'GET /a?b HTTP/1.1';
const RIGHT = 'Host: api.example.com';

describe('Http1HeadReader', () => {
  it('keeps what goes on to the next hop, under the host of the tunnel', () => {
    const lines = [RIGHT, 'X-A: 1', 'Connection: x-b, close', 'X-B: 2', 'TE: trailers', 'Cookie: c'];
    expect(read(GET, lines)).toEqual({
      head: {
        method: 'GET',
        host: HOST,
        port: 443,
        path: '/a?b',
        fields: [
          ['Host', 'api.example.com'],
          ['X-A', '1'],
          ['Cookie', 'c'],
        ],
      },
      framing: 0,
      upgrade: undefined,
      isLast: true,
      expectsContinue: false,
    });
  });

  it.each<[string, string, readonly string[], object]>([
    ['is the last in HTTP/1.0', 'GET / HTTP/1.0', [], { isLast: true }],
    ['is not the last in HTTP/1.1', GET, [RIGHT], { isLast: false, upgrade: undefined }],
    ['is the last when Connection says so', GET, [RIGHT, 'Connection: x, CLOSE'], { isLast: true }],
    ['has a body of a length', 'POST / HTTP/1.1', [RIGHT, 'Content-Length: 7'], { framing: 7 }],
    [
      'has a body in chunks',
      'POST / HTTP/1.1',
      [RIGHT, 'Transfer-Encoding: chunked'],
      { framing: 'chunked' },
    ],
    ['waits for 100', 'PUT / HTTP/1.1', [RIGHT, 'Expect: 100-Continue'], { expectsContinue: true }],
    ['waits for nothing in HTTP/1.0', 'PUT / HTTP/1.0', [RIGHT, 'Expect: x'], { expectsContinue: false }],
    [
      'asks for a WebSocket',
      GET,
      [RIGHT, 'Connection: keep-alive, Upgrade', 'Upgrade: WebSocket'],
      { upgrade: 'websocket', isLast: true },
    ],
    [
      'asks for none without Connection',
      GET,
      [RIGHT, 'Upgrade: websocket'],
      { upgrade: undefined, isLast: true },
    ],
    [
      'asks for none of two',
      GET,
      [RIGHT, 'Connection: upgrade', 'Upgrade: websocket, h2c'],
      { upgrade: undefined },
    ],
    [
      'asks for none in HTTP/1.0',
      'GET / HTTP/1.0',
      [RIGHT, 'Connection: upgrade', 'Upgrade: websocket'],
      { upgrade: undefined },
    ],
  ])('a request %s', (_, start, lines, expected) => {
    expect(read(start, lines)).toMatchObject(expected);
  });

  it.each<[string, readonly string[], string, string]>([
    [GET, [], 'bad-request', 'host is missing'],
    [GET, [RIGHT, RIGHT], 'bad-request', 'host stands twice'],
    [GET, [RIGHT, 'HOST: evil.example'], 'bad-request', 'host stands twice'],
    ['GET / HTTP/1.0', [RIGHT, RIGHT], 'bad-request', 'host stands twice'],
    [GET, [RIGHT, 'Proxy-Authorization: a', 'Proxy-Authorization: b'], 'bad-request', 'proxy-authorization'],
    [GET, [RIGHT, 'Upgrade: x', 'Transfer-Encoding: chunked'], 'bad-request', 'is chunked'],
    [GET, [RIGHT, 'Content-Length: 1', 'Transfer-Encoding: chunked'], 'bad-request', 'present with'],
    ['GET / HTTP/1.0', [RIGHT, 'Transfer-Encoding: chunked'], 'bad-request', 'HTTP/1.0'],
    ['CONNECT evil.example:443 HTTP/1.1', [RIGHT], 'method-not-supported', 'CONNECT'],
    [GET, [RIGHT, 'Expect: x'], 'expectation-failed', ''],
    [
      'POST / HTTP/1.1',
      [RIGHT, 'Connection: upgrade', 'Upgrade: websocket'],
      'bad-request',
      'a WebSocket handshake is a GET',
    ],
    [
      GET,
      [RIGHT, 'Connection: upgrade', 'Upgrade: websocket', 'Content-Length: 1'],
      'bad-request',
      'a WebSocket handshake has no body',
    ],
    [GET, [RIGHT, ...Array.from({ length: 100 }, (_, at) => `X-${at}: 1`)], 'headers-too-large', '100'],
  ])('%s with %j ends its connection: %s, %s', (start, lines, reason, detail) => {
    const unreadable = read(start, lines);
    expect(unreadable).toMatchObject({ reason });
    expect('detail' in unreadable ? unreadable.detail : '').toContain(detail);
  });

  it.each<[string, string, string, string]>([
    [GET, 'evil.example', 'authority-mismatch', 'Host names evil.example'],
    [GET, 'api.example.com:8443', 'authority-mismatch', 'Host names'],
    ['GET https://evil.example/ HTTP/1.1', 'api.example.com', 'authority-mismatch', 'https://evil.example'],
    ['GET http://api.example.com/ HTTP/1.1', 'api.example.com', 'authority-mismatch', 'http://'],
    ['GET /a#b HTTP/1.1', 'api.example.com', 'bad-request', 'must be encoded'],
    ['GET x HTTP/1.1', 'api.example.com', 'bad-request', 'neither'],
    ['GET * HTTP/1.1', 'api.example.com', 'bad-request', 'only OPTIONS'],
  ])('%s for %s is refused alone: %s, %s', (start, host, reason, detail) => {
    // Also after a Host that was right.
    expect(read(GET, [RIGHT])).not.toHaveProperty('fault');
    const { fault } = read(start, [`Host: ${host}`]) as { fault?: { reason: string; detail: string } };
    expect(fault?.reason).toBe(reason);
    expect(fault?.detail).toContain(detail);
  });
});
