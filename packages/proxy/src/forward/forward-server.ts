import { serveConnect } from '../engine/connect.ts';
import type { Connection } from '../engine/connection.ts';
import type { EngineContext } from '../engine/context.ts';
import { toSocket } from '../relay/sockets.ts';
import type { HttpConnection } from './http-connection.ts';
import { HttpServer } from './http-server.ts';
import { serveHttp } from './serve-http.ts';
import { serveUpgrade } from './serve-upgrade.ts';
import { TargetAgent } from './target-agent.ts';

/** Serves the connections whose first request is no CONNECT: plain requests, and what follows them. */
export class ForwardServer {
  readonly #context: EngineContext;
  readonly #server: HttpServer<HttpConnection>;

  constructor(context: EngineContext) {
    this.#context = context;
    this.#server = new HttpServer<HttpConnection>(context, {
      record: (connection, method) => ({
        id: context.ids.next(),
        client: connection?.client.address ?? '',
        session: context.session,
        method,
        host: '',
        port: 0,
        startMs: performance.now(),
      }),
      serve: (connection, request, response) => serveHttp(context, connection, request, response),
      upgrade: (connection, request, head) => serveUpgrade(context, connection, request, head),
      connect: (connection, { url = '', headers }, early) => {
        const { accept, 'proxy-authorization': proxyAuthorization } = headers;
        return serveConnect(context, {
          connection,
          early,
          head: { authority: url, proxyAuthorization, accept, end: 0 },
        });
      },
    });
  }

  /** Takes a connection over, with the bytes that were read from it already. */
  take(connection: Connection, bytes: Buffer): void {
    const socket = toSocket(connection);
    const agent = new TargetAgent(this.#context);
    socket.once('close', () => agent.destroy());
    socket.pause();
    socket.unshift(bytes);
    this.#server.take(Object.assign(connection, { agent, socket }), socket);
  }

  /** Ends the clock; connections end by themselves. */
  stop(): void {
    this.#server.stop();
  }
}
