import { createServer, isIPv6, type Server, type Socket } from 'node:net';
import { eventually, within } from '../deadline.ts';
import { type ConnectionRecord, recordConnection } from './connection-record.ts';

/** Where an origin listens. */
export interface ListenOptions {
  /** A loopback address: `127.0.0.1`, `127.0.0.2`, `::1`. @default '127.0.0.1' */
  readonly host?: string | undefined;
  /** @default 0, any free port */
  readonly port?: number | undefined;
}

/** A local server that a test's traffic is meant to reach, or not to reach. */
export interface Origin extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** `host:port`, with brackets around an IPv6 address. */
  readonly authority: string;
  /** Stops listening and cuts what is open. */
  close(): Promise<void>;
}

/** An origin at the level of TCP, with a record of each connection it got. */
export interface TcpOrigin extends Origin {
  readonly connections: readonly ConnectionRecord[];
  /** The connection with this number (from 0), waiting for it to come. */
  connection(index?: number, timeoutMs?: number): Promise<ConnectionRecord>;
}

/** Options of {@link tcpOrigin}. */
export interface TcpOriginOptions extends ListenOptions {
  /** Most bytes kept of each connection; what comes after is counted only. 0 leaves reading to the handler. @default 1 MiB */
  readonly maxRecordedBytes?: number;
}

/** What a TCP origin does with each connection. The socket is half-open: ending it is the handler's part. */
export type ConnectionHandler = (socket: Socket, record: ConnectionRecord) => void;

/** Starts a TCP server on loopback that records and hands each connection to `onConnection`. */
export async function tcpOrigin(
  onConnection: ConnectionHandler,
  options: TcpOriginOptions = {},
): Promise<TcpOrigin> {
  const connections: ConnectionRecord[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const record = recordConnection(socket, options.maxRecordedBytes);
    connections.push(record);
    onConnection(socket, record);
  });
  const origin = await listening(server, options, () => {
    for (const { socket } of connections) socket.destroy();
  });
  return {
    ...origin,
    connections,
    connection: (index = 0, timeoutMs) =>
      eventually(
        `connection ${index}`,
        () => connections[index],
        timeoutMs === undefined ? {} : { timeoutMs },
      ),
  };
}

/** Binds a server to loopback and describes it as an origin; `cut` drops its open connections. */
export async function listening(server: Server, options: ListenOptions, cut: () => void): Promise<Origin> {
  const { host = '127.0.0.1', port = 0 } = options;
  const started = Promise.withResolvers<void>();
  server.once('error', started.reject);
  server.listen({ host, port }, started.resolve);
  await within(started.promise, `a listener on ${host}`);
  server.off('error', started.reject);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port');
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= within(new Promise((resolve) => void server.close(() => resolve())), 'the origin to close');
    cut();
    return closed;
  };
  return {
    host,
    port: address.port,
    authority: `${isIPv6(host) ? `[${host}]` : host}:${address.port}`,
    close,
    [Symbol.asyncDispose]: close,
  };
}
