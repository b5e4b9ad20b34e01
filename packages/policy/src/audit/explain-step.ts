import type { Where } from '../diff/row.ts';
import type { Verdict } from '../model/lifted.ts';

/** One room on the way to a target. */
export interface ExplainStep {
  /** Which way: through the proxy, or past it. */
  readonly path: 'proxy' | 'direct';
  /** `DNS`, `proxy`, `address`, or a kind of object. */
  readonly layer: string;
  readonly pods?: 'workload' | 'proxy';
  readonly verdict: Verdict;
  /** The rule that says so, canonical. */
  readonly rule?: string;
  readonly where?: Where;
  /** One sentence. */
  readonly why: string;
  /** Whether the outcome hangs on this step. */
  readonly decides: boolean;
}

/** A step before it is known whether the outcome hangs on it. */
export type OpenStep = Omit<ExplainStep, 'decides'>;
