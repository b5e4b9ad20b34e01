import { compile } from './compile.ts';
import type { Decision, Policy } from './decision.ts';
import type { Host } from './host.ts';
import type { Allowlist, Rule } from './rule.ts';
import { EXPIRED, type MatchVisitor, RuleIndex } from './rule-index.ts';

/** One of two allowlists that are compared, and those of its rules that bear on the names at hand. */
export class ComparisonSide implements MatchVisitor {
  readonly allowlist: Allowlist;
  readonly policy: Policy;
  /** Rules whose pattern matches. */
  readonly rules: Rule[] = [];
  /** Rules whose glob or expression may match some. */
  readonly matchers: Rule[] = [];
  readonly #index: RuleIndex;
  readonly #atMs: number;
  #withoutDenies: Policy | undefined;

  constructor(allowlist: Allowlist, atMs: number) {
    this.allowlist = allowlist;
    this.#atMs = atMs;
    this.policy = compile(allowlist, { atMs });
    this.#index = new RuleIndex(allowlist.rules, atMs);
    for (let id = 0; id < allowlist.rules.length; id++) this.#index.add(id);
  }

  /** Finds the rules that bear on the class of names, or on the address, that `host` stands for. */
  collect(host: Host): void {
    this.rules.length = 0;
    this.matchers.length = 0;
    this.#index.forEachMatch(host, this);
    // The index has no order; which rule stands first matters.
    this.rules.sort(this.#byPlace);
    this.matchers.sort(this.#byPlace);
  }

  /** The rule that denies a target, if this side would allow it but for its denies. */
  denialOf(target: { readonly host: Host; readonly port: number }, decision: Decision): Rule | undefined {
    if (decision.reason !== 'denied-by-rule') return undefined;
    this.#withoutDenies ??= compile(
      { ...this.allowlist, rules: this.allowlist.rules.filter(({ effect }) => effect === 'allow') },
      { atMs: this.#atMs },
    );
    const without = this.#withoutDenies.decide(target.host, target.port);
    return without.result === 'allow' ? decision.rule : undefined;
  }

  wants(id: number, flags: number): boolean {
    if ((flags & EXPIRED) === 0) this.#take(this.matchers, id);
    return false;
  }

  match(id: number, flags: number): void {
    if ((flags & EXPIRED) === 0) this.#take(this.rules, id);
  }

  readonly #places = new Map<Rule, number>();
  readonly #byPlace = (a: Rule, b: Rule): number => (this.#places.get(a) ?? 0) - (this.#places.get(b) ?? 0);

  #take(rules: Rule[], id: number): void {
    const rule = this.#index.rule(id);
    this.#places.set(rule, id);
    rules.push(rule);
  }
}
