import type { TLSSocket } from 'node:tls';
import type { NodeHandles } from '../relay/node-handles.ts';
import { HandleSecureStream } from './handle-secure-stream.ts';
import type { SecureStream } from './secure-stream.ts';
import { SocketSecureStream } from './socket-secure-stream.ts';

/** Takes over a socket whose handshake has just ended. Nobody else may read from it or write to it then. */
export function openSecureStream(socket: TLSSocket, node: NodeHandles | undefined): SecureStream {
  const straight = node === undefined ? undefined : HandleSecureStream.over(node, socket);
  return straight ?? new SocketSecureStream(socket);
}
