import { setTimeout as sleep } from 'node:timers/promises';

/** How long a test waits for something that should be immediate, unless it says otherwise. */
export const defaultTimeoutMs = 5_000;

/** Thrown when a bounded wait ran out; `what` is in the message. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
}

/** `promise`, or a DeadlineError naming `what` after `timeoutMs`. The promise itself goes on unobserved. */
export async function within<T>(promise: Promise<T>, what: string, timeoutMs = defaultTimeoutMs): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new DeadlineError(`Waited ${timeoutMs} ms in vain for ${what}`)),
      timeoutMs,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Options of {@link eventually}. */
export interface EventuallyOptions {
  /** @default 5000 */
  readonly timeoutMs?: number;
  /** Pause between two tries. @default 10 */
  readonly intervalMs?: number;
}

/** Asks `probe` again and again until it gives something other than undefined or false; bounded in time. */
export async function eventually<T>(
  what: string,
  probe: () => T | Promise<T>,
  options: EventuallyOptions = {},
): Promise<Exclude<T, undefined | false>> {
  const { timeoutMs = defaultTimeoutMs, intervalMs = 10 } = options;
  const deadline = performance.now() + timeoutMs;
  do {
    const found = await probe();
    if (found !== undefined && found !== false) return found as Exclude<T, undefined | false>;
    await sleep(intervalMs);
  } while (performance.now() < deadline);
  throw new DeadlineError(`Waited ${timeoutMs} ms in vain for ${what}`);
}
