import type { BodySource } from './sides.ts';

/** A whole body, or why there is none. */
export type Collected =
  | { readonly kind: 'whole'; readonly bytes: Buffer }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'broken' };

/** Reads a body to its end. A body over `maxBytes` is read no further. */
export function collectBody(body: BodySource, maxBytes: number): Promise<Collected> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    body.flowTo({
      onBytes(bytes) {
        length += bytes.length;
        if (length <= maxBytes) return void chunks.push(Buffer.from(bytes));
        chunks.length = 0;
        body.pause();
        return resolve({ kind: 'too-large' });
      },
      onEnd: () => resolve({ kind: 'whole', bytes: Buffer.concat(chunks) }),
      onBroken: () => resolve({ kind: 'broken' }),
    });
  });
}

/** Keeps what passes, so that it can be sent a second time; gives up when it becomes too much. */
export class ReplayBuffer {
  readonly #maxBytes: number;
  #chunks: Buffer[] | undefined = [];
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @param bytes Lent. */
  push(bytes: Buffer): void {
    this.#length += bytes.length;
    if (this.#length > this.#maxBytes) this.#chunks = undefined;
    else this.#chunks?.push(Buffer.from(bytes));
  }

  /** All that passed; undefined when it was too much. */
  get bytes(): Buffer | undefined {
    return this.#chunks === undefined ? undefined : Buffer.concat(this.#chunks);
  }
}
