import { describe, expect, it } from 'vitest';
import { policyExitCode } from './policy-exit-code.ts';

describe('policyExitCode()', () => {
  it.each([
    [{ same: true }, true, 0],
    [{ same: false }, true, 1],
    [{ failed: true as const }, true, 2],
    [{ same: true }, false, 0],
    [{ same: false }, false, 0],
    // That it failed is never hidden
    [{ failed: true as const }, false, 2],
  ])('%j, with exitCode %s: %i', (outcome, exitCode, code) => {
    expect(policyExitCode(outcome, { exitCode })).toBe(code);
    if (exitCode) expect(policyExitCode(outcome)).toBe(code);
  });
});
