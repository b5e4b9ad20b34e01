import { Transform, type TransformCallback } from 'node:stream';
import type { Scrubber } from '@paude/credentials';

/** Removes secrets from what flows through it. */
export class ScrubStream extends Transform {
  readonly #scrubber: Scrubber;

  constructor(scrubber: Scrubber) {
    super();
    this.#scrubber = scrubber;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    callback(null, this.#scrubber.push(chunk));
  }

  override _flush(callback: TransformCallback): void {
    callback(null, this.#scrubber.flush());
  }
}
