import type net from 'node:net';
import type { ByteStream, ReadSink } from './byte-stream.ts';
import { HandleStream } from './handle-stream.ts';
import type { NodeHandles, StreamHandle } from './node-handles.ts';
import { connectReadingTo } from './sockets.ts';

/** How tunnels come by their connections. */
export interface Transport {
  readonly name: 'handles' | 'sockets';
  /** What connections over TLS can be run on as well; missing where Node's handles are not known. */
  readonly handles?: NodeHandles;
  /** Dials an address. `connect` or `error` follows, never before this has returned. */
  connect(sink: ReadSink, address: string, port: number): ByteStream;
  /** Hands on what a server accepts, from now on. The server must listen already. */
  accept(server: net.Server, onConnection: (stream: HandleStream | net.Socket) => void): void;
}

/** Sockets as `net` makes them: for every Node. */
export const socketTransport: Transport = {
  name: 'sockets',
  connect: connectReadingTo,
  accept: (server, onConnection) => void server.on('connection', onConnection),
};

/** The part of `net.Server` that its types leave out: what it calls for each connection. */
interface Accepting {
  readonly _handle: Pick<StreamHandle, 'setNoDelay'> & {
    onconnection: (status: number, handle: StreamHandle | undefined) => void;
  };
}

/** Node's own handles, taken before a socket is made of them. */
export function handleTransport(node: NodeHandles): Transport {
  return {
    name: 'handles',
    handles: node,

    connect(sink, address, port) {
      const stream = HandleStream.connect(node, address, port);
      stream.readTo(sink);
      return stream;
    },

    accept(server, onConnection) {
      const { _handle: listening } = server as unknown as Accepting;
      const { onconnection: onFailure } = listening;
      // Accepted connections inherit it (Linux): one system call for all.
      listening.setNoDelay?.(true);
      listening.onconnection = (status, handle) => {
        if (status !== 0 || handle === undefined) return onFailure.call(listening, status, handle);
        const stream = new HandleStream(node, handle);
        try {
          onConnection(stream);
        } catch (error) {
          stream.destroy();
          throw error;
        }
      };
    },
  };
}
