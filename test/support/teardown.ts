import { onTestFinished } from 'vitest';

/**
 * Keeps a resource open until the running test ends, passed or failed. Call it inside a test body; in a `beforeAll`
 * dispose by hand in `afterAll`, and in a plain block use `await using`.
 */
export function untilTestEnds<T extends AsyncDisposable>(resource: T): T {
  onTestFinished(async () => {
    await resource[Symbol.asyncDispose]();
  });
  return resource;
}
