import { createServer, type RequestListener, request as requestHttp } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import type { TestCertificate } from './certificates.ts';
import { type ListenOptions, listening, type Origin } from './origins/tcp-origin.ts';

/** A proxy that allows everything, to stand for somebody else's: a company's upstream, or what ours is measured by. */
export interface ConnectProxy extends Origin {
  /** `http://host:port`, or `https://localhost:port` where it has a certificate. */
  readonly url: string;
  /** The targets asked for, in order: authorities of CONNECT, URIs of plain requests. */
  readonly targets: readonly string[];
  /** The Proxy-Authorization fields that came with them. */
  readonly authorizations: readonly (string | undefined)[];
}

/** Options of {@link connectProxy}. */
export interface ConnectProxyOptions extends ListenOptions {
  /** For one that is spoken to over TLS, as `localhost`. */
  readonly certificate?: TestCertificate;
}

/** Starts a forward proxy; `resolve` says where a host name really is. */
export async function connectProxy(
  resolve: (host: string, port: number) => { readonly host: string; readonly port: number } = (
    host,
    port,
  ) => ({
    host,
    port,
  }),
  options: ConnectProxyOptions = {},
): Promise<ConnectProxy> {
  const targets: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const sockets = new Set<Socket>();
  const forward: RequestListener = (request, response) => {
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
  };
  const { certificate } = options;
  const server =
    certificate === undefined
      ? createServer(forward)
      : createSecureServer(
          { key: certificate.keyPem, cert: certificate.certPem, allowHalfOpen: true },
          forward,
        );
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
  server.on('upgrade', (request, client: Socket, head) => {
    targets.push(request.url ?? '');
    authorizations.push(request.headers['proxy-authorization']);
    const { hostname, port, pathname, search } = new URL(request.url ?? '');
    const far = connect(resolve(hostname, Number(port || 80)));
    const lines = request.rawHeaders.map((text, index) => (index % 2 === 0 ? `${text}: ` : `${text}\r\n`));
    far.write(`GET ${pathname}${search} HTTP/1.1\r\n${lines.join('')}\r\n`);
    far.write(head);
    pipeline(client, far, () => {});
    pipeline(far, client, () => {});
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const origin = await listening(server, options, () => {
    for (const socket of sockets) socket.destroy();
  });
  const url = certificate === undefined ? `http://${origin.authority}` : `https://localhost:${origin.port}`;
  return { ...origin, url, targets, authorizations };
}
