import type { ByteStream } from '../relay/byte-stream.ts';
import type { ClientReader } from './client-reader.ts';

const LINGER_MS = 2000;

/**
 * Lets refused clients read their answer. A socket that is closed while bytes from the client are unread is reset, and
 * the answer is lost with it; so what the client still sends is thrown away for a moment before the socket closes.
 */
export class Linger {
  readonly #deadlines = new Map<ByteStream, number>();

  /** @param reader Where the socket reads to, when it is not its own `data` events. */
  add(socket: ByteStream, reader?: ClientReader): void {
    if (socket.destroyed) return;
    this.#deadlines.set(socket, performance.now() + LINGER_MS);
    reader?.discard();
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#deadlines.delete(socket));
    socket.resume();
  }

  sweep(nowMs: number): void {
    for (const [socket, deadlineMs] of this.#deadlines) {
      if (nowMs > deadlineMs) socket.destroy();
    }
  }

  destroyAll(): void {
    for (const socket of [...this.#deadlines.keys()]) socket.destroy();
  }
}
