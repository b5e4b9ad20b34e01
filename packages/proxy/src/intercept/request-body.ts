import type { Readable } from 'node:stream';

/** A whole body, or why there is none. */
export type Collected =
  | { readonly kind: 'whole'; readonly bytes: Buffer }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'broken' };

/** Reads a body to its end. A body over `maxBytes` is read no further. */
export function collectBody(body: Readable, maxBytes: number): Promise<Collected> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const finish = (collected: Collected) => {
      body.off('data', onData);
      body.off('end', onEnd);
      body.off('close', onClose);
      body.off('error', onClose);
      resolve(collected);
    };
    const onData = (chunk: Buffer) => {
      length += chunk.length;
      if (length > maxBytes) {
        body.pause();
        return finish({ kind: 'too-large' });
      }
      chunks.push(chunk);
      return undefined;
    };
    const onEnd = () => finish({ kind: 'whole', bytes: Buffer.concat(chunks) });
    const onClose = () => finish({ kind: 'broken' });
    body.on('data', onData);
    body.on('end', onEnd);
    body.on('close', onClose);
    body.on('error', onClose);
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

  push(chunk: Buffer): void {
    this.#length += chunk.length;
    if (this.#length > this.#maxBytes) this.#chunks = undefined;
    else this.#chunks?.push(chunk);
  }

  /** All that passed; undefined when it was too much. */
  get bytes(): Buffer | undefined {
    return this.#chunks === undefined ? undefined : Buffer.concat(this.#chunks);
  }
}
