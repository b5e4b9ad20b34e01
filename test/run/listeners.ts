import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type ListenOptions } from 'node:net';
import { networkInterfaces } from 'node:os';

/** Listens outside of a sandbox, and counts who gets there. */
export interface Listener extends AsyncDisposable {
  readonly port: number;
  /** Connections, or datagrams. */
  readonly reached: number;
}

/** Over TCP, or on a Unix socket; whoever connects is told so. */
export async function tcpListener(options: ListenOptions): Promise<Listener> {
  let reached = 0;
  const server = createServer((socket) => {
    reached++;
    socket.on('error', () => {});
    socket.end('reached\n');
  });
  server.listen(options);
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    get reached() {
      return reached;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}

/** Over UDP. */
export async function udpListener(address: string, port = 0): Promise<Listener> {
  let reached = 0;
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', () => reached++);
  socket.bind(port, address);
  await once(socket, 'listening');
  return {
    port: socket.address().port,
    get reached() {
      return reached;
    },
    async [Symbol.asyncDispose]() {
      socket.close();
      await once(socket, 'close');
    },
  };
}

/** An address of this machine besides loopback, where it has one. */
export function ownAddress(family: 'IPv4' | 'IPv6'): string | undefined {
  const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  return addresses.find(
    (found) => found.family === family && !found.internal && !/^fe80/i.test(found.address),
  )?.address;
}
