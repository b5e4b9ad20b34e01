import { stripVTControlCharacters } from 'node:util';
import type { OperationOptions, Progress } from '@paude/sessions';
import type { Io } from '../io.ts';
import { ExitCode } from '../report-failure.ts';

/** 128 and the number of SIGINT. */
const INTERRUPTED = 130;

/**
 * Runs something long: its steps are told on standard error, and Ctrl-C ends it so that what it has begun is undone.
 *
 * @returns what it returns.
 */
export async function inSteps<Result>(
  io: Io,
  operation: (options: Required<OperationOptions>) => Promise<Result>,
): Promise<Result> {
  const steps = new Steps(io.stderr);
  const controller = new AbortController();
  const interrupt = () => {
    steps.interrupt();
    controller.abort(new ExitCode(INTERRUPTED));
  };
  io.on('SIGINT', interrupt);
  io.on('SIGTERM', interrupt);
  try {
    const result = await operation({ progress: steps, signal: controller.signal });
    steps.end(true);
    return result;
  } catch (error) {
    steps.end(false);
    throw error;
  } finally {
    io.off('SIGINT', interrupt);
    io.off('SIGTERM', interrupt);
  }
}

/** Lines about what goes on; on a terminal the last line of output under them, which goes again. */
class Steps implements Progress {
  readonly #stream: Io['stderr'];
  #title: string | undefined;
  #startedMs = 0;

  constructor(stream: Io['stderr']) {
    this.#stream = stream;
  }

  step(title: string): void {
    this.end(true);
    this.#title = title;
    this.#startedMs = performance.now();
    this.#stream.write(this.#isTerminal ? `${title} …` : `${title}\n`);
  }

  detail(line: string): void {
    if (!this.#isTerminal || this.#title === undefined) return;
    const plain = stripVTControlCharacters(line).replace(/\p{Cc}/gu, '');
    const room = Math.max(0, (this.#stream.columns ?? 80) - this.#title.length - 4);
    this.#stream.write(`\r\u001b[K${this.#title} … ${plain.slice(0, room)}`);
  }

  interrupt(): void {
    this.step('Interrupted: undoing what was begun');
  }

  /** Ends the step that was going on. */
  end(isDone: boolean): void {
    if (this.#title === undefined) return;
    const seconds = ((performance.now() - this.#startedMs) / 1000).toFixed(1);
    if (this.#isTerminal)
      this.#stream.write(`\r\u001b[K${this.#title}: ${isDone ? `${seconds} s` : 'failed'}\n`);
    this.#title = undefined;
  }

  get #isTerminal(): boolean {
    return this.#stream.isTTY === true;
  }
}
