import type { ByteStream } from '../relay/byte-stream.ts';
import type { ClientReader } from './client-reader.ts';
import { type Member, PLACE, Roster } from './roster.ts';

const LINGER_MS = 2000;

interface Entry extends Member {
  readonly socket: ByteStream;
  readonly deadlineMs: number;
}

/**
 * Lets refused clients read their answer. A socket that is closed while bytes from the client are unread is reset, and
 * the answer is lost with it; so what the client still sends is thrown away for a moment before the socket closes.
 */
export class Linger {
  readonly #entries = new Roster<Entry>();

  /** @param reader Where the socket reads to, when it is not its own `data` events. */
  add(socket: ByteStream, reader?: ClientReader): void {
    if (socket.destroyed) return;
    const entry: Entry = { socket, deadlineMs: performance.now() + LINGER_MS, [PLACE]: undefined };
    this.#entries.add(entry);
    reader?.discard();
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#entries.delete(entry));
    socket.resume();
  }

  sweep(nowMs: number): void {
    for (const { socket, deadlineMs } of this.#entries) {
      if (nowMs > deadlineMs) socket.destroy();
    }
  }

  destroyAll(): void {
    for (const { socket } of this.#entries) socket.destroy();
  }
}
