import type { Readable, Writable } from 'node:stream';
import type { BodySink, BodySource, BodyTaker } from './sides.ts';

/** A body that Node gives as a stream. Its chunks are nobody else's. */
export class StreamSource implements BodySource {
  readonly #stream: Readable;
  #taker: BodyTaker | undefined;

  constructor(stream: Readable) {
    this.#stream = stream;
  }

  flowTo(taker: BodyTaker): void {
    const stream = this.#stream;
    if (this.#taker === undefined) {
      stream.on('data', (chunk: Buffer) => this.#taker?.onBytes(chunk));
      stream.once('end', () => this.#taker?.onEnd());
      stream.once('error', (error: NodeJS.ErrnoException) => this.#taker?.onBroken(error.code));
      stream.once('close', () => {
        if (!stream.readableEnded) this.#taker?.onBroken();
      });
    }
    this.#taker = taker;
    stream.resume();
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }
}

/** A stream of Node's that a body goes into. It keeps what it is given: for chunks that are nobody else's. */
export class StreamSink implements BodySink {
  onDrain: (() => void) | undefined;
  readonly #stream: Writable;

  constructor(stream: Writable) {
    this.#stream = stream;
    stream.on('drain', () => this.onDrain?.());
  }

  write(bytes: Buffer): boolean {
    return this.#stream.write(bytes);
  }
}
