import { parseAuditLine } from './audit-line.ts';
import type { UsageCollector } from './usage-collector.ts';

/** Longer lines are not read: the audit log has none. */
const MAX_LINE_BYTES = 64 * 1024;

const NEWLINE = 10;

/**
 * Reads a log that comes in pieces, which may end anywhere, and adds its lines to a collector. It keeps no more than one
 * unfinished line.
 */
export class UsageReader {
  readonly #collector: UsageCollector;
  readonly #decoder = new TextDecoder();
  #tail: Uint8Array[] = [];
  #tailBytes = 0;
  /** Whether the unfinished line is too long already. */
  #isSkipping = false;

  constructor(collector: UsageCollector) {
    this.#collector = collector;
  }

  /** The next piece; its memory may be used again afterwards. */
  push(chunk: Uint8Array): void {
    const first = chunk.indexOf(NEWLINE);
    if (first < 0) {
      this.#keep(chunk);
      return;
    }
    this.#keep(chunk.subarray(0, first));
    this.#finishLine();
    const last = chunk.lastIndexOf(NEWLINE);
    if (last > first) this.#addLines(this.#decoder.decode(chunk.subarray(first + 1, last)));
    if (last + 1 < chunk.length) this.#keep(chunk.subarray(last + 1));
  }

  /** No more pieces: the last line may lack its end. */
  end(): void {
    if (this.#tailBytes > 0 || this.#isSkipping) this.#finishLine();
  }

  #keep(piece: Uint8Array): void {
    this.#tailBytes += piece.length;
    if (this.#tailBytes > MAX_LINE_BYTES) {
      this.#isSkipping = true;
      this.#tail = [];
      this.#tailBytes = 0;
    } else if (!this.#isSkipping && piece.length > 0) this.#tail.push(piece.slice());
  }

  #finishLine(): void {
    const text = this.#isSkipping ? undefined : this.#decoder.decode(joined(this.#tail, this.#tailBytes));
    this.#tail = [];
    this.#tailBytes = 0;
    this.#isSkipping = false;
    if (text === undefined) this.#collector.add(undefined);
    else this.#addLine(text);
  }

  #addLines(text: string): void {
    for (const line of text.split('\n')) this.#addLine(line);
  }

  #addLine(line: string): void {
    if (line === '' || line === '\r') return;
    this.#collector.add(line.length > MAX_LINE_BYTES ? undefined : parseAuditLine(line));
  }
}

function joined(pieces: readonly Uint8Array[], bytes: number): Uint8Array {
  const [only, ...more] = pieces;
  if (only !== undefined && more.length === 0) return only;
  const all = new Uint8Array(bytes);
  let offset = 0;
  for (const piece of pieces) {
    all.set(piece, offset);
    offset += piece.length;
  }
  return all;
}
