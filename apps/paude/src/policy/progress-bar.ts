import type { Io } from '../io.ts';

const REDRAW_MS = 100;
const WIDTH = 30;

/** How much of something long is done, on one line of standard error; silent where that is no terminal. */
export class ProgressBar {
  readonly #stream: Io['stderr'];
  readonly #label: string;
  readonly #total: number | undefined;
  readonly #startedMs = performance.now();
  #done = 0;
  #drawnMs = Number.NEGATIVE_INFINITY;

  /** @param total What `done` will be at the end, in the same unit; undefined when that is not known. */
  constructor(stream: Io['stderr'], { label, total }: { label: string; total?: number | undefined }) {
    this.#stream = stream;
    this.#label = label;
    this.#total = total;
  }

  /** @param bytes Done since the last call. */
  advance(bytes: number): void {
    this.#done += bytes;
    if (this.#stream.isTTY !== true) return;
    const nowMs = performance.now();
    if (nowMs - this.#drawnMs < REDRAW_MS) return;
    this.#drawnMs = nowMs;
    this.#stream.write(`\r${this.#line(nowMs)}\u001b[K`);
  }

  /** Takes the line away again. */
  end(): void {
    if (this.#drawnMs > 0) this.#stream.write('\r\u001b[K');
  }

  #line(nowMs: number): string {
    const megabytes = this.#done / 1e6;
    const rate = megabytes / Math.max(0.001, (nowMs - this.#startedMs) / 1000);
    const speed = `${megabytes.toFixed(0)} MB, ${rate.toFixed(0)} MB/s`;
    if (this.#total === undefined || this.#total === 0) return `${this.#label} ${speed}`;
    const share = Math.min(1, this.#done / this.#total);
    const filled = Math.round(share * WIDTH);
    const bar = `${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}`;
    return `${this.#label} [${bar}] ${Math.floor(share * 100)} % ${speed}`;
  }
}
