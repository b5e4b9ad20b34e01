import type { SecureStream } from './secure-stream.ts';

const OUTBOX_BYTES = 32_768;
/** Worth a record of TLS of its own. */
const LARGE_BYTES = 8192;

/** All connections put their messages together here, one after another: it is empty again before another writes to it. */
const bytes = Buffer.allocUnsafeSlow(OUTBOX_BYTES);
let used = 0;
let owner: Outbox | undefined;

/**
 * Puts what is written to a connection within one turn together, so that a head and its body go out in one record of
 * TLS. Whoever writes flushes it when a message is whole; what is left is sent at the end of the turn.
 */
export class Outbox {
  readonly #stream: SecureStream;
  #isFull = false;

  constructor(stream: SecureStream) {
    this.#stream = stream;
  }

  /** Whether the connection has enough to send; it tells its listener when it has not any more. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** @param text One byte a character. */
  writeText(text: string): void {
    if (this.#makeRoom(text.length)) used += bytes.write(text, used, 'latin1');
    else this.#send(Buffer.from(text, 'latin1'));
  }

  write(chunk: Buffer): void {
    // What is large and stands alone is copied for nothing.
    if (owner !== this && chunk.length >= LARGE_BYTES) this.#send(chunk);
    else if (this.#makeRoom(chunk.length)) used += chunk.copy(bytes, used);
    else this.#send(chunk);
  }

  flush(): void {
    if (owner !== this) return;
    owner = undefined;
    this.#send(bytes.subarray(0, used));
  }

  /** Of the listener of the connection: it can take more. */
  drained(): void {
    this.#isFull = false;
  }

  /** Whether so much fits in. What does not has to go by itself; what was there before it is sent. */
  #makeRoom(length: number): boolean {
    if (owner !== this) {
      owner?.flush();
      if (length > OUTBOX_BYTES) return false;
      this.#begin();
    } else if (used + length > OUTBOX_BYTES) {
      this.flush();
      if (length > OUTBOX_BYTES) return false;
      this.#begin();
    }
    return true;
  }

  #begin(): void {
    owner = this;
    used = 0;
    queueMicrotask(() => this.flush());
  }

  #send(chunk: Buffer): void {
    if (!this.#stream.write(chunk)) this.#isFull = true;
  }
}
