import http2, { type ClientHttp2Session } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Host } from '@paude/allowlist';
import type { EngineContext } from '../engine/context.ts';
import type { Target } from '../engine/target.ts';
import type { ReasonCode } from '../report/reasons.ts';
import { CONNECTION_WINDOW_BYTES, HTTP2_SETTINGS } from './http2-settings.ts';
import { TargetFailure } from './target-failure.ts';
import type { TargetTls } from './target-tls.ts';

export interface LinkOptions {
  readonly tls: TargetTls;
  readonly target: Target;
  /** Checked addresses, for connections after the first. */
  readonly addresses: readonly Host[];
  /** The first connection: TCP alone, so far. */
  readonly stream: Duplex;
}

/** Why there is no session. */
type SessionFault = readonly [ReasonCode, string];

const NO_FAULT = Promise.resolve(undefined);

/**
 * The connections to a target that belong to one client's connection. There is one at the start; another is made when a
 * request comes after the target has closed it. They are never shared between clients.
 */
export class TargetLink {
  readonly #context: EngineContext;
  readonly #options: LinkOptions;
  /** What the first handshake agreed on; later ones must come to the same. */
  #protocol: string | undefined;
  #ready: TLSSocket | undefined;
  #session: ClientHttp2Session | undefined;
  #preparing: Promise<SessionFault | undefined> | undefined;
  readonly #sockets = new Set<TLSSocket>();
  #closed = false;

  constructor(context: EngineContext, options: LinkOptions) {
    this.#context = context;
    this.#options = options;
  }

  /** Starts TLS on the first connection. @returns the protocol agreed on, or why there is no TLS. */
  async start(protocols: readonly string[]): Promise<{ protocol: string | undefined } | { fault: string }> {
    const { tls, target, stream } = this.#options;
    const secured = await tls.secure(stream, target, {
      protocols,
      timeoutMs: this.#context.timeouts.handshakeMs,
    });
    if (secured.kind === 'failed') return { fault: secured.detail };
    if (this.#closed) secured.socket.destroy();
    this.#protocol = secured.protocol;
    this.#ready = secured.socket;
    this.#own(secured.socket);
    return { protocol: secured.protocol };
  }

  /** The first connection, once, if it can still be used. */
  takeReady(): TLSSocket | undefined {
    const ready = this.#ready;
    this.#ready = undefined;
    if (ready !== undefined && !ready.destroyed && !ready.readableEnded) return ready;
    ready?.destroy();
    return undefined;
  }

  /** A connection that can be used: the first one, or a new one. */
  async connect(): Promise<TLSSocket> {
    const ready = this.takeReady();
    if (ready !== undefined) return ready;
    const { tls, target, addresses } = this.#options;
    const { connector, timeouts } = this.#context;
    const connected = await connector.plain(addresses, target.port, { timeoutMs: timeouts.connectMs });
    if (connected.kind === 'failed') throw new TargetFailure(connected.reason, connected.detail);
    const protocols = this.#protocol === undefined ? [] : [this.#protocol];
    const secured = await tls.secure(connected.stream, target, {
      protocols,
      timeoutMs: timeouts.handshakeMs,
    });
    if (secured.kind === 'failed') throw new TargetFailure('target-tls-failed', secured.detail);
    this.#own(secured.socket);
    if (!this.#closed && secured.protocol === this.#protocol) return secured.socket;
    secured.socket.destroy();
    throw new TargetFailure('target-tls-failed', 'it no longer agrees on the protocol');
  }

  /** The HTTP/2 session, which `prepareSession` has made sure of. */
  readonly session = (): ClientHttp2Session => {
    if (this.#session === undefined) throw new TargetFailure('target-reset', 'no session');
    return this.#session;
  };

  /** Sees that there is an HTTP/2 session that takes requests: one for all that ask at once. */
  prepareSession(): Promise<SessionFault | undefined> {
    const current = this.#session;
    if (current !== undefined && !current.closed && !current.destroyed) return NO_FAULT;
    this.#preparing ??= this.#openSession().finally(() => {
      this.#preparing = undefined;
    });
    return this.#preparing;
  }

  async #openSession(): Promise<SessionFault | undefined> {
    try {
      const socket = await this.connect();
      const { host, port } = this.#options.target;
      const session = http2.connect(`https://${host.includes(':') ? `[${host}]` : host}:${port}`, {
        createConnection: () => socket,
        settings: HTTP2_SETTINGS,
        maxHeaderListPairs: 256,
      });
      session.on('error', () => undefined);
      session.once('connect', () => session.setLocalWindowSize(CONNECTION_WINDOW_BYTES));
      if (this.#closed) session.destroy();
      this.#session = session;
      return undefined;
    } catch (error) {
      if (error instanceof TargetFailure) return [error.reason, error.message];
      throw error;
    }
  }

  close(): void {
    this.#closed = true;
    this.#ready?.destroy();
    this.#options.stream.destroy();
    this.#session?.destroy();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Closes it with the rest. Until somebody uses it, nobody else hears its errors. */
  #own(socket: TLSSocket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.#sockets.delete(socket));
  }
}
