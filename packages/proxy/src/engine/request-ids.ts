import { randomInt } from 'node:crypto';

/** Makes request ids: short, unique within a log that several runs of the proxy write to. */
export class RequestIds {
  /** What all ids of this run begin with. */
  readonly prefix = randomInt(36 ** 5)
    .toString(36)
    .padStart(5, '0');
  #count = 0;

  next(): string {
    return `${this.prefix}-${(++this.#count).toString(36)}`;
  }
}
