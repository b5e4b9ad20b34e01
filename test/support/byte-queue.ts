import type { Socket } from 'node:net';
import { DeadlineError } from './deadline.ts';

/** The bytes that came on a socket, in order, for a reader that asks for them in its own measure. */
export class ByteQueue {
  readonly #socket: Socket;
  readonly #onData = (piece: Buffer) => this.#arrived(piece);
  readonly #waiting = new Set<() => void>();
  #pieces: Buffer[] = [];
  #taken = 0;
  #ending = 'open';

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', this.#onData);
    socket.on('end', () => this.#ended('fin'));
    socket.on('error', (error: NodeJS.ErrnoException) => this.#ended(error.code ?? error.message));
    socket.on('close', () => this.#ended('closed'));
  }

  /** `open`, `fin`, `closed` by us, or an error code; the first end stays. An error after a FIN wins. */
  get ending(): string {
    return this.#ending;
  }

  get all(): Buffer {
    const all = Buffer.concat(this.#pieces);
    this.#pieces = [all];
    return all;
  }

  get unread(): Buffer {
    return this.all.subarray(this.#taken);
  }

  /** What is unread, short, for messages. */
  get preview(): string {
    return JSON.stringify(this.unread.toString('latin1', 0, 200));
  }

  take(count: number): Buffer {
    const taken = Buffer.from(this.unread.subarray(0, count));
    this.#taken += taken.length;
    return taken;
  }

  /**
   * Takes what `find` finds in the unread bytes as soon as it is there. Rejects, taking nothing, when the socket ends
   * without it or when time runs out.
   */
  async takeWhen<T extends { length: number }>(
    what: string,
    find: (bytes: Buffer) => T | undefined,
    timeoutMs: number,
  ): Promise<T> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const ending = this.#ending;
      const found = find(this.unread);
      if (found !== undefined) {
        this.#taken += found.length;
        return found;
      }
      if (ending !== 'open') throw new Error(`The peer ended (${ending}) before ${what}: ${this.preview}`);
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw new DeadlineError(`Waited ${timeoutMs} ms in vain for ${what}: ${this.preview}`);
      await this.#change(leftMs);
    }
  }

  /** Stops reading and puts the unread bytes back on the socket. */
  release(): void {
    this.#socket.pause();
    this.#socket.off('data', this.#onData);
    const unread = this.unread;
    if (unread.length > 0) this.#socket.unshift(unread);
  }

  /** Settles when something came, or after `timeoutMs`. */
  async #change(timeoutMs: number): Promise<void> {
    const changed = Promise.withResolvers<void>();
    const timer = setTimeout(changed.resolve, timeoutMs);
    this.#waiting.add(changed.resolve);
    await changed.promise;
    clearTimeout(timer);
  }

  #arrived(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#wake();
  }

  #ended(how: string): void {
    if (this.#ending === 'open' || (this.#ending === 'fin' && how !== 'closed')) this.#ending = how;
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
