import type { TLSSocket } from 'node:tls';
import type { EngineContext } from '../engine/context.ts';
import { openSecureStream } from '../http1/open-secure-stream.ts';
import { Http1ClientConnection } from './http1-client-connection.ts';
import type { InterceptedTunnel } from './intercepted-tunnel.ts';

const SWEEP_INTERVAL_MS = 1000;

/** HTTP/1.1 in intercepted tunnels: one look at all connections a second replaces timers for each. */
export class InterceptedHttp1 {
  readonly #context: EngineContext;
  readonly #connections = new Set<Http1ClientConnection>();
  readonly #clock: NodeJS.Timeout;

  constructor(context: EngineContext) {
    this.#context = context;
    this.#clock = setInterval(() => this.#sweep(), SWEEP_INTERVAL_MS).unref();
  }

  /** Takes over the connection of a client after its handshake. */
  take(tunnel: InterceptedTunnel, socket: TLSSocket): Http1ClientConnection {
    const stream = openSecureStream(socket, this.#context.transport.handles);
    const connection = new Http1ClientConnection(this.#context, { tunnel, stream, socket }, (closed) =>
      this.#connections.delete(closed),
    );
    this.#connections.add(connection);
    connection.start();
    return connection;
  }

  /** Ends the clock; connections end by themselves. */
  stop(): void {
    clearInterval(this.#clock);
  }

  #sweep(): void {
    const nowMs = performance.now();
    for (const connection of this.#connections) connection.sweep(nowMs);
  }
}
