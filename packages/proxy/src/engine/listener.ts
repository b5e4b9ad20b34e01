import net from 'node:net';
import type { HandleStream } from '../relay/handle-stream.ts';
import type { ReasonCode } from '../report/reasons.ts';
import { renderRefusal, serializeRefusal } from '../report/refusal.ts';
import { serveConnect } from './connect.ts';
import { Connection } from './connection.ts';
import type { EngineContext } from './context.ts';
import { type FirstBytes, FirstRequest, type FirstRequestListener } from './first-request.ts';
import { Gathering } from './gathering.ts';
import { Roster } from './roster.ts';

/** Where to listen: an address and port (no host: all addresses), or a Unix socket. */
export type ListenAddress = { readonly host?: string; readonly port: number } | { readonly path: string };

/** Serves what is not a CONNECT. `bytes` were read already. */
export type ServeOther = (connection: Connection, bytes: Buffer) => void;

/**
 * Accepts connections and reads the first bytes of each. A CONNECT, which is nearly all, is read here and served at once;
 * anything else goes to the HTTP server with all its bytes.
 */
export class Listener implements FirstRequestListener {
  readonly #context: EngineContext;
  readonly #serveOther: ServeOther;
  readonly #server: net.Server;
  /** All that is open, whichever socket object stands for it. */
  readonly #open = new Roster<Connection>();
  /** Connections whose first request has not come whole. */
  readonly #waiting = new Roster<FirstRequest>();
  /** CONNECTs that have come whole and are not served yet. */
  readonly #gathering = new Gathering();
  /** Whether clients have addresses: all but those of a Unix socket. */
  #hasAddresses = true;

  constructor(context: EngineContext, serveOther: ServeOther) {
    this.#context = context;
    this.#serveOther = serveOther;
    this.#server = net.createServer({ allowHalfOpen: true, noDelay: true });
  }

  /** Starts to listen. @returns the address as `host:port`, or the path. */
  async listen(address: ListenAddress): Promise<string> {
    this.#hasAddresses = !('path' in address);
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ ...address, backlog: 4096 }, () => {
        this.#server.off('error', reject);
        // From now on an error is a failed accept, most likely for want of descriptors: old connections go on.
        this.#server.on('error', () => this.#context.counters.refuse('descriptor-limit'));
        this.#context.transport.accept(this.#server, (stream) => this.#onConnection(stream));
        resolve();
      });
    });
    const bound = this.#server.address();
    if (bound === null || typeof bound === 'string') return bound ?? '';
    this.#context.ownAddresses.add(bound.port);
    return bound.family === 'IPv6' ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`;
  }

  /** Accepts no more; connections that have asked for nothing yet are closed. */
  stop(): void {
    this.#server.close();
    this.#gathering.serve();
    for (const { connection } of this.#waiting) connection.stream.destroy();
  }

  /** Destroys what is still open. */
  destroyAll(): void {
    for (const { stream } of this.#open) stream.destroy();
  }

  sweep(nowMs: number): void {
    for (const request of this.#waiting) {
      if (nowMs - request.sinceMs <= this.#context.timeouts.headMs) continue;
      request.stop();
      this.#waiting.delete(request);
      this.#refuse(request.connection, 'request-timeout');
    }
  }

  #onConnection(stream: HandleStream | net.Socket): void {
    const { counters, admission, limits } = this.#context;
    counters.connections++;
    this.#gathering.accepted();
    const { remoteAddress } = stream;
    // Reset before it was accepted: what it sent can still be read, but no longer who sent it.
    if (remoteAddress === undefined && this.#hasAddresses) return void stream.destroy();
    const client = admission.client(remoteAddress);
    const connection = new Connection(stream, client, this.#open);
    if (!client.allowed) return this.#refuse(connection, 'client-not-allowed');
    if (client.connections > admission.limits.maxConnections) {
      return this.#refuse(connection, 'too-many-connections');
    }
    this.#waiting.add(new FirstRequest(connection, limits.maxHeaderBytes, this));
  }

  /** Of the first request alone. */
  onReady(request: FirstRequest): void {
    this.#waiting.delete(request);
    this.#gathering.add(request);
  }

  /** Of the first request alone. */
  onDone(request: FirstRequest, bytes: FirstBytes | undefined): void {
    this.#waiting.delete(request);
    const { connection } = request;
    if (bytes === undefined) return void connection.stream.end();
    if (bytes.kind === 'bad') return this.#refuse(connection, bytes.reason, bytes.why);
    if (bytes.kind === 'other') return this.#serveOther(connection, bytes.bytes);
    const { head, early } = bytes;
    serveConnect(this.#context, { connection, head, early }).catch((error: unknown) => {
      this.#context.onDefect(error);
      connection.stream.destroy();
    });
  }

  #refuse(connection: Connection, reason: ReasonCode, detail?: string): void {
    const { stream, client } = connection;
    const { ids, session, counters, audit, linger } = this.#context;
    const id = ids.next();
    counters.refuse(reason);
    audit.decision(
      { id, client: client.address, session, method: '', host: '', port: 0, startMs: performance.now() },
      { decision: 'deny', reason, detail },
    );
    stream.end(serializeRefusal(renderRefusal({ id, reason, detail })));
    linger.add(stream);
  }
}
