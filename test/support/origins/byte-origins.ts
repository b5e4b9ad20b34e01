import { pipeline } from 'node:stream';
import { type Digest, digestOf } from '../digest.ts';
import { knownBytes } from '../known-bytes.ts';
import { type ListenOptions, type TcpOrigin, tcpOrigin } from './tcp-origin.ts';

/** Sends back what it gets, and its FIN after the peer's. */
export function echoOrigin(options: ListenOptions = {}): Promise<TcpOrigin> {
  return tcpOrigin((socket) => pipeline(socket, socket, () => {}), options);
}

/** Speaks first, as SMTP and SSH servers do, and then echoes. */
export function bannerOrigin(banner = '220 ready\r\n', options: ListenOptions = {}): Promise<TcpOrigin> {
  return tcpOrigin((socket) => {
    socket.write(banner);
    pipeline(socket, socket, () => {});
  }, options);
}

/** A sink, with the transfers that came to their end. */
export interface SinkOrigin extends TcpOrigin {
  readonly transfers: readonly Digest[];
}

/** Swallows everything; at the peer's FIN it answers `<bytes> <sha256>\n` and closes. */
export async function sinkOrigin(options: ListenOptions = {}): Promise<SinkOrigin> {
  const transfers: Digest[] = [];
  const origin = await tcpOrigin(
    (socket) => {
      const answer = async () => {
        const digest = await digestOf(socket);
        transfers.push(digest);
        socket.end(`${digest.bytes} ${digest.sha256}\n`);
      };
      answer().catch(() => {});
    },
    { ...options, maxRecordedBytes: 0 },
  );
  return { ...origin, transfers };
}

/** Sends `count` known bytes to each connection and then its FIN. */
export function sourceOrigin(
  count: number,
  options: ListenOptions & { seed?: number } = {},
): Promise<TcpOrigin> {
  return tcpOrigin((socket) => {
    pipeline(knownBytes(count, options.seed).stream(), socket, () => {});
  }, options);
}
