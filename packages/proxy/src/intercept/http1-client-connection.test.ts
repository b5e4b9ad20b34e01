import { EventEmitter } from 'node:events';
import type { TLSSocket } from 'node:tls';
import { parseHost } from '@paude/allowlist';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EngineContext } from '../engine/context.ts';
import type { SecureStream } from '../http1/secure-stream.ts';
import type { Exchange } from './exchange.ts';
import { Http1ClientConnection } from './http1-client-connection.ts';
import type { InterceptedTunnel } from './intercepted-tunnel.ts';

const HEAD_MS = 1000;

/** A connection on which one request has been answered, and what becomes of it. */
function kept() {
  const told: string[] = [];
  // What a connection asks of its surroundings while it refuses nothing.
  const context = {
    timeouts: { headMs: HEAD_MS },
    limits: { maxHeaderBytes: 16_384 },
    linger: { add: () => void told.push('lingers') },
  } as unknown as EngineContext;
  const socket = new EventEmitter() as TLSSocket;
  const stream: SecureStream = {
    destroyed: false,
    listen: () => undefined,
    pause: () => undefined,
    resume: () => undefined,
    write: () => false,
    end: () => void told.push('ends'),
    destroy: () => void told.push('destroyed'),
  };
  const tunnel: InterceptedTunnel = {
    target: { host: parseHost('x.example'), port: 443 },
    record: () => {
      throw new Error('nothing is refused');
    },
    // It is served by the test.
    exchange: () => ({ run: () => undefined }) as unknown as Exchange,
  };
  const connection = new Http1ClientConnection(context, { tunnel, stream, socket }, () => undefined);
  connection.onBytes(Buffer.from('GET / HTTP/1.1\r\nHost: x.example\r\n\r\n'));
  connection.served(false);
  return { told, socket, connection };
}

describe('Http1ClientConnection', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
  afterEach(() => void vi.useRealTimers());

  it('gives a client that reads slowly all that it was answered, also when its connection is to end', () => {
    const { told, socket, connection } = kept();
    connection.sweep(performance.now() + 2 * HEAD_MS);
    expect(told).toEqual(['ends']);
    // All is with the kernel: from now on it is for the client to close.
    socket.emit('finish');
    expect(told).toEqual(['ends', 'lingers']);
  });

  it('is not held open by empty lines', () => {
    const { told, connection } = kept();
    for (let count = 0; count < 3; count++) {
      vi.advanceTimersByTime(HEAD_MS / 2);
      connection.onBytes(Buffer.from('\r\n'));
    }
    connection.sweep(performance.now());
    expect(told).toEqual(['ends']);
  });

  it('waits for the next request from the end of the one before, not from its answer', () => {
    const { told, connection } = kept();
    connection.onBytes(Buffer.from('POST / HTTP/1.1\r\nHost: x.example\r\nContent-Length: 2\r\n\r\n'));
    connection.resume();
    connection.served(false);
    vi.advanceTimersByTime(HEAD_MS - 100);
    connection.onBytes(Buffer.from('ok'));
    vi.advanceTimersByTime(HEAD_MS - 100);
    connection.sweep(performance.now());
    expect(told).toEqual([]);
  });
});
