/** Whether to say by the exit code that two sources differ. */
export interface ExitCodeOptions {
  /** With false, differences exit 0 as well; failures do not. @default true */
  readonly exitCode?: boolean;
}

/** What a comparison came to. */
export type PolicyOutcome = { readonly same: boolean } | { readonly failed: true };

/** 0 when nothing differs, 1 when something does, 2 when that could not be found out: as `diff` and `kubectl diff`. */
export function policyExitCode(outcome: PolicyOutcome, options: ExitCodeOptions = {}): 0 | 1 | 2 {
  if ('failed' in outcome) return 2;
  return outcome.same || options.exitCode === false ? 0 : 1;
}
