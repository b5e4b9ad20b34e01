import { parseHost } from '@paude/allowlist';
import { describe, expect, it } from 'vitest';
import type { SecureListener, SecureStream } from '../http1/secure-stream.ts';
import { Http1Sending } from './http1-sending.ts';
import { Http1TargetConnection } from './http1-target-connection.ts';
import type { SendOptions, TargetListener } from './sides.ts';

/** A connection whose other side is the test. */
class Wire implements SecureStream {
  destroyed = false;
  sent = '';
  listener: SecureListener | undefined;
  listen(listener: SecureListener): void {
    this.listener = listener;
  }
  pause(): void {}
  resume(): void {}
  write(bytes: Buffer): boolean {
    this.sent += bytes.toString('latin1');
    return true;
  }
  end(): void {}
  destroy(): void {
    this.destroyed = true;
  }
  answer(text: string): void {
    this.listener?.onBytes(Buffer.from(text, 'latin1'));
  }
}

/** Such a connection, and all that is told of it and of its requests. */
function open() {
  const wire = new Wire();
  const told: string[] = [];
  const owner = {
    onFree: () => void told.push('free'),
    onStale: () => void told.push('stale'),
  };
  const connection = new Http1TargetConnection(wire, owner, 16_384);
  const listener: TargetListener = {
    onInformation: (status) => void told.push(String(status)),
    onResponse({ status, body }) {
      told.push(String(status));
      body.flowTo({
        onBytes: (bytes) => void told.push(bytes.toString()),
        onEnd: () => void told.push('end'),
        onBroken: () => void told.push('broken'),
      });
    },
    onUpgrade: () => void told.push('upgrade'),
    onFailure: (reason, detail) => void told.push(`${reason}: ${detail}`),
  };
  const send = (
    method = 'GET',
    options: SendOptions = { hasBody: false },
    fields: [string, string][] = [],
  ) => {
    const head = { method, host: parseHost('x.example'), port: 443, path: '/p', fields };
    const sending = new Http1Sending(head, 'x.example', options, listener);
    connection.take(sending);
    return sending;
  };
  return { wire, told, connection, send };
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

describe('Http1TargetConnection', () => {
  it('says a length without the zeros that a client put in front of it', () => {
    const { wire, send } = open();
    const sending = send('PUT', { hasBody: true }, [['content-length', '0010']]);
    sending.write(Buffer.from('0123456789'));
    sending.end([]);
    expect(wire.sent).toBe(
      'PUT /p HTTP/1.1\r\nHost: x.example\r\nContent-Length: 10\r\nConnection: keep-alive\r\n\r\n0123456789',
    );
  });

  it('takes one request after another', () => {
    const { wire, told, connection, send } = open();
    for (let count = 0; count < 2; count++) {
      send();
      expect(connection.isFree).toBe(false);
      wire.answer(OK);
      expect(connection.isFree).toBe(true);
    }
    expect(told).toEqual(['200', 'ok', 'end', 'free', '200', 'ok', 'end', 'free']);
    expect(wire.sent).toBe('GET /p HTTP/1.1\r\nHost: x.example\r\nConnection: keep-alive\r\n\r\n'.repeat(2));
  });

  it.each<[string, string]>([
    ['another response', `${OK}${OK}`],
    ['a byte', `${OK}x`],
    ['an empty line', `${OK}\r\n`],
  ])('is closed when %s comes behind a response', (_, text) => {
    const { wire, told, connection, send } = open();
    send();
    wire.answer(text);
    expect(told).toEqual(['200', 'ok', 'end']);
    expect([connection.isFree, wire.destroyed]).toEqual([false, true]);
  });

  it('is closed when something comes that nobody asked for', () => {
    const { wire, told, connection } = open();
    wire.answer(OK);
    expect([told, connection.isFree, wire.destroyed]).toEqual([[], false, true]);
  });

  it.each<[string, string]>([
    ['Connection: close', 'HTTP/1.1 200 OK\r\nConnection: x, close\r\nContent-Length: 0\r\n\r\n'],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n'],
  ])('is closed after %s', (_, text) => {
    const { wire, told, send } = open();
    send();
    wire.answer(text);
    expect([told, wire.destroyed]).toEqual([['200', 'end'], true]);
  });

  it('is not used any more when the target is about to close it, as it says', () => {
    const { wire, connection, send } = open();
    send();
    wire.answer('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 0\r\n\r\n');
    expect(connection.isFree).toBe(false);
  });

  it('waits for the rest of a request whose response has ended', () => {
    const { wire, told, connection, send } = open();
    const sending = send('POST', { hasBody: true }, [['Content-Length', '4']]);
    sending.write(Buffer.from('ab'));
    wire.answer(OK);
    expect(connection.isFree).toBe(false);
    sending.write(Buffer.from('cd'));
    sending.end([]);
    expect([connection.isFree, told.at(-1)]).toEqual([true, 'free']);
  });

  it.each<[string, string, boolean]>([
    ['more than', 'abcde', true],
    ['less than', 'abc', true],
    ['exactly', 'abcd', false],
  ])('is closed or not when a body has %s what was announced', (_, body, isClosed) => {
    const { wire, send } = open();
    const sending = send('POST', { hasBody: true }, [['Content-Length', '4']]);
    sending.write(Buffer.from(body));
    sending.end([]);
    expect(wire.destroyed).toBe(isClosed);
  });

  it('writes chunks where no length was announced', () => {
    const { wire, send } = open();
    const sending = send('POST', { hasBody: true });
    sending.write(Buffer.from('hello'));
    sending.end([['X-Sum', '1']]);
    expect(wire.sent).toMatch(
      /\r\nTransfer-Encoding: chunked\r\n[\s\S]*\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n$/,
    );
  });

  it.each<[string, string, string]>([
    ['GET', '', 'target-reset: ECONNRESET'],
    ['GET', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab', 'broken'],
    ['GET', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n', 'broken'],
    ['GET', 'HTTP/1.1 200 OK\r\n\r\nab', 'end'],
  ])('%s: an end after %j is %s', (method, text, last) => {
    const { wire, told, send } = open();
    send(method);
    if (text !== '') wire.answer(text);
    wire.listener?.onEnd();
    expect(told.at(-1)).toBe(last);
    expect(wire.destroyed).toBe(true);
  });

  it('says of a kept one that it was stale, but only of what may be sent again and had no answer', () => {
    for (const [method, expected] of [
      ['GET', 'stale'],
      ['POST', 'target-reset: ECONNRESET'],
    ] as const) {
      const { wire, told, send } = open();
      send();
      wire.answer(OK);
      send(method);
      wire.listener?.onEnd();
      expect(told.at(-1)).toBe(expected);
    }
    const { wire, told, send } = open();
    send();
    wire.answer(OK);
    send();
    wire.answer('HTTP/1.1 100 Continue\r\n\r\n');
    wire.listener?.onClose(undefined);
    expect(told).toContain('target-reset: ECONNRESET');
  });

  it.each<[string, string]>([
    ['HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n', 'without being asked'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na', 'stands twice'],
    ['HTTP/1.1 204 No Content\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n', 'present with'],
    ['HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 'HTTP/1.0'],
  ])('takes %j for no response', (text, why) => {
    const { wire, told, send } = open();
    send();
    wire.answer(text);
    expect(told.length).toBe(1);
    expect(told[0]).toMatch(new RegExp(`^target-protocol-error: .*${why}`));
    expect(wire.destroyed).toBe(true);
  });
});
