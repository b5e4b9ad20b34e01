import type { Rule } from '@paude/allowlist';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { Dialect } from './dialect.ts';

/** What is said, without what is the same for all of an object's diagnostics. */
export interface Remark {
  /** The end of the code: `wildcard-depth`. */
  readonly what: string;
  readonly effect: Diagnostic['effect'];
  /** @default 'warning' */
  readonly severity?: Diagnostic['severity'];
  readonly rule?: Rule | undefined;
  readonly message: string;
  readonly remedy: string;
}

/** Collects what an emitter has to say of one object. */
export class Remarks {
  readonly diagnostics: Diagnostic[] = [];
  readonly #dialect: Pick<Dialect, 'kind' | 'prefix'>;
  readonly #object: string;

  constructor(dialect: Pick<Dialect, 'kind' | 'prefix'>, object: string) {
    this.#dialect = dialect;
    this.#object = object;
  }

  add({ what, effect, severity = 'warning', rule, message, remedy }: Remark): void {
    const { kind, prefix } = this.#dialect;
    const diagnostic = {
      code: `${prefix}-${what}`,
      effect,
      severity,
      kind,
      object: this.#object,
      message,
      remedy,
    };
    this.diagnostics.push(rule === undefined ? diagnostic : { ...diagnostic, rule });
  }
}
