import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import type { Server, Socket } from 'node:net';

const mostTries = 20;

/** Binds UDP to a free port and TCP to the same number, trying another when that one is taken. */
export async function bindBoth(tcp: Server, host: string): Promise<{ udp: UdpSocket; port: number }> {
  for (let tries = 1; ; tries++) {
    const udp = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    try {
      await started(udp, () => udp.bind({ address: host, port: 0 }));
      const { port } = udp.address();
      await started(tcp, () => tcp.listen({ host, port }));
      return { udp, port };
    } catch (error) {
      udp.close();
      if (tries === mostTries) throw error;
    }
  }
}

/** RFC 1035 section 4.2.2: over TCP each message has its length in front, two bytes. */
export function frame(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

/** Cuts a TCP stream into messages. */
export function readFrames(socket: Socket, onMessage: (message: Buffer) => void): void {
  let pending = Buffer.alloc(0);
  socket.on('data', (piece: Buffer) => {
    pending = Buffer.concat([pending, piece]);
    while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE()) {
      const end = 2 + pending.readUInt16BE();
      onMessage(Buffer.from(pending.subarray(2, end)));
      pending = pending.subarray(end);
    }
  });
}

async function started(server: Server | UdpSocket, start: () => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('listening', resolve);
  server.once('error', reject);
  start();
  try {
    await promise;
  } finally {
    server.off('listening', resolve);
    server.off('error', reject);
  }
}
