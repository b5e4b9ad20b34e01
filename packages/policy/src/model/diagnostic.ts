import type { Rule } from '@paude/allowlist';

/**
 * What an object does to the allowlist: `widened` lets more pass than the rule, `narrowed` less, `inexpressible` leaves
 * the rule out (an allow that is left out narrows, a deny that is left out widens: then there is a `widened` as well),
 * `fail-open` means that all passes where a condition of the cluster does not hold, `note` is worth knowing.
 */
export type DiagnosticEffect = 'widened' | 'narrowed' | 'inexpressible' | 'fail-open' | 'note';

/** What an emitter has to say about what it made. */
export interface Diagnostic {
  /** Stable, kebab-case: `egress-firewall-wildcard-unsupported`. */
  readonly code: string;
  readonly effect: DiagnosticEffect;
  readonly severity: 'error' | 'warning' | 'info';
  /** The kind of the object that it is about: `EgressFirewall`. */
  readonly kind: string;
  /** The name of the object. */
  readonly object?: string;
  /** The rule that it is about; undefined when it is about the object as a whole. */
  readonly rule?: Rule;
  /** One clause, without a full stop. */
  readonly message: string;
  /** What to do, without a full stop. */
  readonly remedy: string;
}
