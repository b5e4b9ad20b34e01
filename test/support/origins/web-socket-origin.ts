import { createServer, type IncomingHttpHeaders } from 'node:http';
import { WebSocketServer } from 'ws';
import { type ListenOptions, listening, type Origin } from './tcp-origin.ts';

/** A WebSocket echo on plain HTTP. */
export interface WebSocketOrigin extends Origin {
  /** `ws://host:port` */
  readonly url: string;
  /** The fields of each upgrade request that was accepted. */
  readonly upgrades: readonly IncomingHttpHeaders[];
  readonly messageCount: number;
}

/** Starts a WebSocket server that sends every message back as it came. */
export async function webSocketOrigin(options: ListenOptions = {}): Promise<WebSocketOrigin> {
  const upgrades: IncomingHttpHeaders[] = [];
  let messageCount = 0;
  const server = createServer((_request, response) => response.writeHead(426).end('WebSocket only\n'));
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket, request) => {
    upgrades.push(request.headers);
    socket.on('error', () => {});
    socket.on('message', (data, isBinary) => {
      messageCount++;
      socket.send(data, { binary: isBinary });
    });
  });
  const origin = await listening(server, options, () => {
    for (const socket of sockets.clients) socket.terminate();
    server.closeAllConnections();
  });
  return {
    ...origin,
    url: `ws://${origin.authority}`,
    upgrades,
    get messageCount() {
      return messageCount;
    },
  };
}
