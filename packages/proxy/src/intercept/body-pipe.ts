import type { Scrubber } from '@paude/credentials';
import type { BodySink, BodySource, BodyTaker } from './sides.ts';

/** What comes of a body on its way. */
export interface BodyPipeListener {
  /** Told of the bytes that come, before they go on; they are lent. */
  onBytes(bytes: Buffer): void;
  /** All has been handed to the sink. */
  onEnd(): void;
  onBroken(code?: string): void;
}

/** Lets a body flow into a sink, no faster than that takes it. */
export class BodyPipe implements BodyTaker {
  readonly #source: BodySource;
  readonly #sink: BodySink;
  readonly #listener: BodyPipeListener;
  readonly #scrubber: Scrubber | undefined;

  /** @param scrubber What goes through it does so on the way. */
  constructor(source: BodySource, sink: BodySink, listener: BodyPipeListener, scrubber?: Scrubber) {
    this.#source = source;
    this.#sink = sink;
    this.#listener = listener;
    this.#scrubber = scrubber;
  }

  start(): void {
    this.#sink.onDrain = () => this.#source.resume();
    this.#source.flowTo(this);
  }

  onBytes(bytes: Buffer): void {
    this.#listener.onBytes(bytes);
    const scrubber = this.#scrubber;
    this.#write(scrubber === undefined ? bytes : scrubber.push(bytes));
  }

  onEnd(): void {
    if (this.#scrubber !== undefined) this.#write(this.#scrubber.flush());
    this.#listener.onEnd();
  }

  onBroken(code?: string): void {
    this.#listener.onBroken(code);
  }

  #write(bytes: Buffer): void {
    if (bytes.length > 0 && !this.#sink.write(bytes)) this.#source.pause();
  }
}

/** Throws a body away. */
export const discarding: BodyTaker = {
  onBytes: () => undefined,
  onEnd: () => undefined,
  onBroken: () => undefined,
};
