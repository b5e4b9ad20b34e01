import type { Readable } from 'node:stream';

/** As many requests may wait before no more is read from their connection. */
const MAX_WAITING = 16;

/**
 * Lets the requests of one HTTP/1.1 connection be served one after another, also when a client does not wait for the
 * answers (RFC 9112 §9.3.2). A target sees them in the client's order, and one client's connection is one of the target's.
 */
export class Turns {
  readonly #connection: Readable;
  readonly #waiting: (() => void)[] = [];
  #isBusy = false;

  constructor(connection: Readable) {
    this.#connection = connection;
  }

  /** Undefined when it is this request's turn already. Whose turn it is calls `next` at its end. */
  take(): Promise<void> | undefined {
    if (!this.#isBusy) {
      this.#isBusy = true;
      return undefined;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    if (this.#waiting.length >= MAX_WAITING) this.#connection.pause();
    return promise;
  }

  next(): void {
    const begin = this.#waiting.shift();
    if (begin === undefined) this.#isBusy = false;
    else begin();
    if (this.#waiting.length < MAX_WAITING && this.#connection.isPaused()) this.#connection.resume();
  }
}
