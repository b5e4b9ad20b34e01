import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts', 'test/**/*.test.ts'],
    // A forgotten `.only` must not turn the rest of the suite off.
    allowOnly: false,
    // Generous: processes start slowly on a machine that does other work too. No test measures time by it.
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
