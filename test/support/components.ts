import { describe, test } from 'vitest';
import { haveCommand } from './commands.ts';

/** Tests that need something the machine may not have. */
export interface ComponentTests {
  readonly present: boolean;
  /** A test, or a skipped one whose title names what is missing. */
  test(title: string, body: () => void | Promise<void>, timeoutMs?: number): void;
  /** A group of tests, or a skipped one whose title names what is missing. */
  describe(title: string, body: () => void): void;
}

/**
 * For tests that need commands on PATH. Where one is missing they are skipped, and say so in their titles:
 * `requireComponent('podman').test('builds the image', …)`.
 */
export function requireComponent(...names: readonly [string, ...string[]]): ComponentTests {
  const missing = names.filter((name) => !haveCommand(name));
  return componentTests(missing);
}

/** The same for what is not a command: `missing` names what is not there; none means go. */
export function componentTests(missing: readonly string[]): ComponentTests {
  const present = missing.length === 0;
  const titled = (title: string) =>
    present ? title : `${title} [skipped: no ${missing.join(', no ')} here]`;
  return {
    present,
    test: (title, body, timeoutMs) => test.skipIf(!present)(titled(title), body, timeoutMs),
    describe: (title, body) => describe.skipIf(!present)(titled(title), body),
  };
}
