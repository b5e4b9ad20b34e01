import type { Host } from '@paude/allowlist';
import type { ReasonCode } from '../report/reasons.ts';
import { type Member, PLACE, Roster } from './roster.ts';

const ENTRY: unique symbol = Symbol('entry');

/** Something open that a client uses: a tunnel, or a plain HTTP exchange. */
export interface Open {
  readonly host: Host;
  readonly port: number;
  /** The address it is connected to, as far as that is known. */
  readonly address: string;
  /** Bytes moved so far, both ways. The registry compares it with its last look to tell what is idle. */
  readonly bytesMoved: number;
  /** True while a ClientHello is overdue at `nowMs`. */
  helloOverdue(nowMs: number): boolean;
  /** Ends it as soon as nothing is under way, where that can be told. */
  drain?(): void;
  /** Of the registry alone. */
  [ENTRY]?: Entry | undefined;
  /** Ends it at once. */
  cut(reason: ReasonCode | 'idle-timeout' | 'shutdown'): void;
}

interface Entry extends Member {
  readonly open: Open;
  bytesMoved: number;
  movedMs: number;
}

/** All that is open. One look at everything a second replaces a timer for each. */
export class Tunnels {
  readonly #entries = new Roster<Entry>();
  readonly #idleMs: number;
  #reserved = 0;
  #onEmpty: (() => void) | undefined;

  constructor(idleMs: number) {
    this.#idleMs = idleMs;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Takes a place for what is about to be opened, so that many at once do not pass the limit together. */
  reserve(max: number): boolean {
    if (this.#entries.size + this.#reserved >= max) return false;
    this.#reserved++;
    return true;
  }

  /** Gives the place back: it was opened, or will not be. */
  unreserve(): void {
    this.#reserved--;
  }

  add(open: Open): void {
    if (open[ENTRY] !== undefined) return;
    const entry: Entry = { open, [PLACE]: undefined, bytesMoved: 0, movedMs: performance.now() };
    open[ENTRY] = entry;
    this.#entries.add(entry);
  }

  delete(open: Open): void {
    const entry = open[ENTRY];
    if (entry === undefined) return;
    open[ENTRY] = undefined;
    this.#entries.delete(entry);
    if (this.#entries.size === 0) this.#onEmpty?.();
  }

  /** Closes what is idle or whose handshake is overdue. */
  sweep(nowMs: number): void {
    for (const entry of this.#entries) {
      const { open } = entry;
      if (open.helloOverdue(nowMs)) {
        open.cut('client-hello-timeout');
      } else if (open.bytesMoved !== entry.bytesMoved) {
        entry.bytesMoved = open.bytesMoved;
        entry.movedMs = nowMs;
      } else if (nowMs - entry.movedMs > this.#idleMs) {
        open.cut('idle-timeout');
      }
    }
  }

  /** Cuts what `isStillAllowed` refuses. Answers how many that were. */
  cutDenied(isStillAllowed: (open: Open) => boolean): number {
    let cut = 0;
    for (const { open } of this.#entries) {
      if (isStillAllowed(open)) continue;
      open.cut('policy-changed');
      cut++;
    }
    return cut;
  }

  cutAll(reason: 'shutdown'): void {
    for (const { open } of this.#entries) open.cut(reason);
  }

  /** Resolves when nothing is open, or after `timeoutMs`. Answers whether nothing is open. */
  async drained(timeoutMs: number): Promise<boolean> {
    for (const { open } of this.#entries) open.drain?.();
    if (this.#entries.size === 0) return true;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#onEmpty = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#onEmpty = undefined;
    return this.#entries.size === 0;
  }
}
