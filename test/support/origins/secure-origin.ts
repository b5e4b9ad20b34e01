import { createSecureServer } from 'node:http2';
import type { Socket } from 'node:net';
import { type SecureVersion, TLSSocket } from 'node:tls';
import { certificateFor, type TestCertificate } from '../certificates.ts';
import { type OriginHandler, textHandler } from './handlers.ts';
import { describeRequest, type HandledRequest, type HttpOrigin } from './http-origin.ts';
import { type ListenOptions, listening } from './tcp-origin.ts';

/** A TLS handshake that came to its end. */
export interface Handshake {
  /** The SNI, or undefined when the client sent none. */
  readonly serverName: string | undefined;
  /** The protocol agreed on by ALPN, or undefined without ALPN. */
  readonly protocol: string | undefined;
  readonly version: string;
}

/** Options of {@link secureOrigin}. */
export interface SecureOriginOptions extends ListenOptions {
  /** Names and addresses in its certificate. @default localhost, 127.0.0.1, ::1 */
  readonly names?: readonly string[];
  /** A certificate made elsewhere, instead of one for `names`. */
  readonly certificate?: TestCertificate;
  /** @default h2 and http/1.1 */
  readonly protocols?: readonly ('h2' | 'http/1.1')[];
  /** @default 'TLSv1.2' */
  readonly minVersion?: SecureVersion;
  /** @default 'TLSv1.3' */
  readonly maxVersion?: SecureVersion;
}

/** An HTTPS origin that speaks HTTP/1.1 and HTTP/2. */
export interface SecureOrigin extends HttpOrigin {
  readonly certificate: TestCertificate;
  readonly handshakes: readonly Handshake[];
  /** Codes of the handshakes that failed. */
  readonly failedHandshakes: readonly string[];
  /** Every TCP connection taken, with or without TLS on it. */
  readonly connectionCount: number;
}

/** The same request with the SNI of the connection it came on. */
export interface SecureRequest extends HandledRequest {
  readonly serverName: string | undefined;
}

/** Starts an HTTPS origin on loopback with a certificate of the test authority. */
export async function secureOrigin(
  handler: OriginHandler = textHandler(),
  options: SecureOriginOptions = {},
): Promise<SecureOrigin & { readonly requests: readonly SecureRequest[] }> {
  const certificate =
    options.certificate ?? (await certificateFor(options.names ?? ['localhost', '127.0.0.1', '::1']));
  const { protocols = ['h2', 'http/1.1'], minVersion = 'TLSv1.2', maxVersion = 'TLSv1.3' } = options;
  const requests: SecureRequest[] = [];
  const handshakes: Handshake[] = [];
  const failedHandshakes: string[] = [];
  const sockets = new Set<Socket>();
  let connectionCount = 0;
  const server = createSecureServer({
    key: certificate.keyPem,
    cert: certificate.certPem,
    allowHTTP1: true,
    ALPNProtocols: [...protocols],
    minVersion,
    maxVersion,
  });
  server.on('connection', (socket: Socket) => {
    connectionCount++;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('secureConnection', (socket: TLSSocket) => handshakes.push(describeHandshake(socket)));
  server.on('tlsClientError', (error: NodeJS.ErrnoException) => {
    failedHandshakes.push(error.code ?? error.message);
  });
  server.on('request', (request, response) => {
    const { socket } = request.stream?.session ?? request;
    const serverName = socket instanceof TLSSocket ? nameOf(socket) : undefined;
    requests.push({ ...describeRequest(request), serverName });
    handler(request, response);
  });
  const origin = await listening(server, options, () => {
    for (const socket of sockets) socket.destroy();
  });
  return {
    ...origin,
    url: `https://${origin.authority}`,
    certificate,
    requests,
    handshakes,
    failedHandshakes,
    get connectionCount() {
      return connectionCount;
    },
  };
}

function describeHandshake(socket: TLSSocket): Handshake {
  const { alpnProtocol } = socket;
  const protocol = typeof alpnProtocol === 'string' ? alpnProtocol : undefined;
  return { serverName: nameOf(socket), protocol, version: socket.getProtocol() ?? '' };
}

/** On a server's socket Node has the name the client asked for under `servername`, or false without one. */
function nameOf(socket: TLSSocket): string | undefined {
  const name: unknown = Reflect.get(socket, 'servername');
  return typeof name === 'string' ? name : undefined;
}
