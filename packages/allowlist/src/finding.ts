import type { Rule } from './rule.ts';

/** What a finding is about. Stable: configurations and tests match on it. */
export type FindingCode =
  | 'allows-all'
  | 'anyone-can-write'
  | 'broad-address-range'
  | 'duplicate-rule'
  | 'expired-rule'
  | 'public-suffix-wide'
  | 'shadowed-rule'
  | 'special-use-address'
  | 'unanchored-expression'
  | 'wide-port';

/** `error`: almost certainly a mistake that opens too much. `warning`: worth a change. `info`: worth knowing. */
export type Severity = 'error' | 'warning' | 'info';

/** Something about a rule that its author should know. */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly rule: Rule;
  /** The rule that the finding is about as well: the one that repeats, covers or denies it. */
  readonly related?: Rule;
  /** One clause, without a full stop. */
  readonly message: string;
  /** What to do, without a full stop. */
  readonly remedy: string;
}

/** What to leave out and when the lint is for. */
export interface LintOptions {
  /** Milliseconds since 1970; rules that have expired by then are found. @default none has expired */
  readonly atMs?: number;
}
