import type { Socket } from 'node:net';
import { createServer } from 'node:tls';
import { certificateFor, type TestCertificate } from '../certificates.ts';
import { eventually } from '../deadline.ts';
import { type ConnectionRecord, recordConnection } from './connection-record.ts';
import { answerInOrder, type RawAnswer, type RawRequest } from './raw-http-origin.ts';
import { type ListenOptions, listening, type Origin } from './tcp-origin.ts';

/** Options of {@link rawSecureOrigin}. */
export interface RawSecureOriginOptions extends ListenOptions {
  /** In its certificate. */
  readonly names: readonly string[];
  /** A certificate made elsewhere, instead of one for `names`. */
  readonly certificate?: TestCertificate;
}

/** An HTTP/1.1 origin inside of TLS whose responses are bytes as the test wants them. */
export interface RawSecureOrigin extends Origin {
  /** Complete requests in order of arrival. */
  readonly requests: readonly RawRequest[];
  /** What each TLS connection carried, decrypted; one whose handshake failed is not among them. */
  readonly connections: readonly ConnectionRecord[];
  /** TCP connections, with or without TLS. */
  readonly dialled: number;
  /** The request with this number (from 0), waiting for it to come. */
  request(index?: number): Promise<RawRequest>;
}

/** Starts such an origin. It keeps connections alive and answers requests in order. */
export async function rawSecureOrigin(
  answer: RawAnswer,
  options: RawSecureOriginOptions,
): Promise<RawSecureOrigin> {
  const { keyPem, certPem } = options.certificate ?? (await certificateFor(options.names));
  const requests: RawRequest[] = [];
  const connections: ConnectionRecord[] = [];
  const sockets = new Set<Socket>();
  let dialled = 0;
  const server = createServer({ key: keyPem, cert: certPem, ALPNProtocols: ['http/1.1'] }, (socket) => {
    connections.push(recordConnection(socket));
    answerInOrder(socket, connections.length - 1, requests, answer);
  });
  server.on('connection', (socket: Socket) => {
    dialled++;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => undefined);
  const origin = await listening(server, options, () => {
    for (const socket of sockets) socket.destroy();
  });
  return {
    ...origin,
    requests,
    connections,
    get dialled() {
      return dialled;
    },
    request: (index = 0) => eventually(`request ${index}`, () => requests[index]),
  };
}
