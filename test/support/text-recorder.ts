import type { Readable } from 'node:stream';

const mostCharacters = 64 * 1_048_576;

/** Keeps what a text stream says, and finds lines in it. */
export class TextRecorder {
  readonly #pieces: string[] = [];
  readonly #lines: string[] = [];
  #rest = '';
  #length = 0;

  constructor(stream: Readable) {
    stream.setEncoding('utf8');
    stream.on('error', () => {});
    stream.on('data', (piece: string) => this.#add(piece));
  }

  /** All of it, up to 64 Mi characters. */
  get text(): string {
    return this.#pieces.join('');
  }

  /** Complete lines, without their ends. The array grows as more come. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** The first complete line that fits, from the line with number `from` on. */
  find(pattern: RegExp, from = 0): RegExpExecArray | undefined {
    const stateless = new RegExp(pattern, pattern.flags.replace(/[gy]/g, ''));
    for (let at = from; at < this.#lines.length; at++) {
      const found = stateless.exec(this.#lines[at] ?? '');
      if (found) return found;
    }
    return undefined;
  }

  #add(piece: string): void {
    if (this.#length >= mostCharacters) return;
    this.#length += piece.length;
    this.#pieces.push(piece);
    const lines = (this.#rest + piece).split(/\r?\n/);
    this.#rest = lines.pop() ?? '';
    this.#lines.push(...lines);
  }
}
