import { createServer, request as requestHttp } from 'node:http';
import { connect, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { type ListenOptions, listening, type Origin } from './origins/tcp-origin.ts';

/** A proxy that allows everything, to stand for somebody else's: a company's upstream, or what ours is measured by. */
export interface ConnectProxy extends Origin {
  /** `http://host:port` */
  readonly url: string;
  /** The targets asked for, in order: authorities of CONNECT, URIs of plain requests. */
  readonly targets: readonly string[];
  /** The Proxy-Authorization fields that came with them. */
  readonly authorizations: readonly (string | undefined)[];
}

/** Starts a plain forward proxy; `resolve` says where a host name really is. */
export async function connectProxy(
  resolve: (host: string, port: number) => { readonly host: string; readonly port: number } = (
    host,
    port,
  ) => ({
    host,
    port,
  }),
  options: ListenOptions = {},
): Promise<ConnectProxy> {
  const targets: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const { method, url = '', headers } = request;
    targets.push(url);
    authorizations.push(headers['proxy-authorization']);
    const { hostname, port, pathname, search } = new URL(url);
    const target = resolve(hostname, Number(port || 80));
    const onward = requestHttp({ ...target, method, headers, path: pathname + search }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      pipeline(answer, response, () => {});
    });
    onward.on('error', () => response.destroy());
    pipeline(request, onward, () => {});
  });
  server.on('connect', (request, client: Socket, head) => {
    targets.push(request.url ?? '');
    authorizations.push(request.headers['proxy-authorization']);
    const { hostname, port } = new URL(`connect://${request.url}`);
    const far = connect({ ...resolve(hostname, Number(port || 443)), allowHalfOpen: true });
    far.once('connect', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      far.write(head);
      pipeline(client, far, () => {});
      pipeline(far, client, () => {});
    });
    far.on('error', () => client.destroy());
    client.on('error', () => far.destroy());
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const origin = await listening(server, options, () => {
    for (const socket of sockets) socket.destroy();
  });
  return { ...origin, url: `http://${origin.authority}`, targets, authorizations };
}
