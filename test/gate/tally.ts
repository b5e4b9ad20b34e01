import type { Reporter, SerializedError, TestModule, TestRunEndReason } from 'vitest/node';

/** How a test run came out. */
export interface Tally {
  readonly passed: number;
  /** Failed tests, and whatever else went wrong: a file or a hook that threw, an error that nobody caught. */
  readonly failed: number;
  /** Titles of the tests that did not run, with their groups; what a machine lacks stands in them. */
  readonly skipped: readonly string[];
}

/** The line that ends the gate. */
export function closingLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed, ${skipped.length} skipped`;
}

/** Counts a run for {@link closingLine}. */
export class TallyReporter implements Reporter {
  #tally: Tally | undefined;

  /** Undefined until a run has ended. */
  get tally(): Tally | undefined {
    return this.#tally;
  }

  onTestRunEnd(
    modules: readonly TestModule[],
    unhandled: readonly SerializedError[],
    reason: TestRunEndReason,
  ): void {
    let passed = 0;
    let failed = unhandled.length;
    const skipped: string[] = [];
    for (const module of modules) {
      const suites = [...module.children.allSuites()];
      failed += [module, ...suites].filter((suite) => suite.errors().length > 0).length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') passed++;
        else if (state === 'skipped') skipped.push(`${module.relativeModuleId} > ${test.fullName}`);
        // A test that is still pending when the run ends did not come to its end.
        else failed++;
      }
    }
    // Whatever the reason is that the run as a whole failed for, a closing line must not read as if all were well.
    if (reason !== 'passed') failed = Math.max(failed, 1);
    this.#tally = { passed, failed, skipped };
  }
}
