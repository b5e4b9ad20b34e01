import type { AuditEvent } from '@paude/proxy';
import type { Notices } from './notices.ts';

/** How what is blocked is told while it happens. */
export interface LiveLineOptions {
  readonly notices: Notices;
  readonly reportOnly: boolean;
  /** Whether a program has the terminal for itself; a line would spoil what it has drawn. */
  readonly isTaken: () => boolean;
}

/** Tells each target that is blocked, once, as long as that disturbs nobody. */
export class LiveLine {
  readonly #options: LiveLineOptions;
  readonly #told = new Set<string>();

  constructor(options: LiveLineOptions) {
    this.#options = options;
  }

  add({ host, port, reason }: AuditEvent): void {
    const target = `${host}:${port}`;
    if (this.#told.has(target)) return;
    this.#told.add(target);
    const { notices, reportOnly, isTaken } = this.#options;
    if (isTaken()) return;
    notices.write(`paude: ${reportOnly ? 'would block' : 'blocked'} ${target} (${reason})\n`);
  }
}
