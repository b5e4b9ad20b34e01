import { writeSync } from 'node:fs';

/** Lines for the person who runs a command, on standard error, between those of the command. */
export interface Notices {
  write(text: string): void;
}

/**
 * Writes to standard error as it is. The streams of `process` would set a pipe to non-blocking for whoever shares it, and the
 * command does.
 */
export const standardError: Notices = {
  write(text) {
    try {
      writeSync(2, text);
    } catch {
      // Nobody reads it any more, or it is full: the command goes on all the same.
    }
  },
};
