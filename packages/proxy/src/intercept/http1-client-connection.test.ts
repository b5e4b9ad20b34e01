import { EventEmitter } from 'node:events';
import type { TLSSocket } from 'node:tls';
import { parseHost } from '@paude/allowlist';
import { expect, it } from 'vitest';
import type { EngineContext } from '../engine/context.ts';
import type { SecureStream } from '../http1/secure-stream.ts';
import type { Exchange } from './exchange.ts';
import { Http1ClientConnection } from './http1-client-connection.ts';
import type { InterceptedTunnel } from './intercepted-tunnel.ts';

const HEAD_MS = 1000;

it('a client that reads slowly is given all that it was answered, also when its connection is to end', () => {
  const told: string[] = [];
  // What a connection asks of its surroundings while nobody asks for anything.
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
  // No other request comes in time.
  connection.sweep(performance.now() + 2 * HEAD_MS);
  expect(told).toEqual(['ends']);
  // All is with the kernel: from now on it is for the client to close.
  socket.emit('finish');
  expect(told).toEqual(['ends', 'lingers']);
});
