import type { Address } from './address.ts';
import { AddressIndex } from './address-index.ts';
import { embeddedAddresses } from './embedded-address.ts';
import { type Host, hostAddress } from './host.ts';
import { nameMatcher } from './matcher.ts';
import { NameIndex } from './name-index.ts';
import type { Pattern } from './pattern.ts';
import type { Rule } from './rule.ts';

// What a decision needs to know of a rule, in one number, so that the rule itself is read only when it decides.
const KIND = 0b111;
const EXACT = 1;
const SUFFIX = 2;
const ONE_LABEL = 3;
const SUBDOMAINS = 4;
const MATCHER = 5;
const PORTS = 0b110_0000;
const ALL_PORTS = 0b010_0000;
const DEFAULT_PORTS = 0b100_0000;

const KIND_FLAGS: Readonly<Record<Pattern['kind'], number>> = {
  any: 0,
  address: 0,
  exact: EXACT,
  suffix: SUFFIX,
  'one-label': ONE_LABEL,
  subdomains: SUBDOMAINS,
  glob: MATCHER,
  expression: MATCHER,
};

/** Set in the flags of a deny rule. */
export const DENY = 0b1000;

/** Set in the flags of an allow rule that has expired. */
export const EXPIRED = 0b1_0000;

/** Which ports a rule is for, as its flags tell; for a `list` the rule has to be read. */
export function portsOfFlags(flags: number): 'all' | 'default' | 'list' {
  const ports = flags & PORTS;
  return ports === ALL_PORTS ? 'all' : ports === DEFAULT_PORTS ? 'default' : 'list';
}

/** Receives the rules whose pattern matches a host. */
export interface MatchVisitor {
  /** Asked before a glob or an expression is run; false leaves the rule out. */
  wants(id: number, flags: number): boolean;
  match(id: number, flags: number): void;
}

/** Finds the rules whose pattern matches a host. A rule's id is its place in the list. */
export class RuleIndex {
  readonly #rules: readonly Rule[];
  readonly #atMs: number;
  readonly #names: NameIndex;
  readonly #addresses = new AddressIndex();
  /** Rules for everything, and expressions whose end says nothing: each is tried in turn. */
  readonly #general: { readonly id: number; readonly flags: number }[] = [];
  // The look-up under way. Look-ups never overlap, and so nothing is allocated for one.
  #host = '';
  #visitor: MatchVisitor = { wants: () => false, match: () => undefined };

  constructor(rules: readonly Rule[], atMs: number) {
    this.#rules = rules;
    this.#atMs = atMs;
    this.#names = new NameIndex(rules.length);
  }

  /** Takes in the rule at a place in the list. A deny that has expired, and a repetition, are left out. */
  add(id: number): void {
    const rule = this.rule(id);
    const { effect, expiresAtMs, pattern, ports } = rule;
    const isExpired = expiresAtMs !== undefined && expiresAtMs <= this.#atMs;
    if (isExpired && effect === 'deny') return;
    const flags =
      KIND_FLAGS[pattern.kind] |
      (ports === 'all' ? ALL_PORTS : ports === 'default' ? DEFAULT_PORTS : 0) |
      (effect === 'deny' ? DENY : 0) |
      (isExpired ? EXPIRED : 0);
    if (pattern.kind === 'address') this.#addresses.add(pattern.cidr, id, flags);
    else if (pattern.kind === 'any') this.#general.push({ id, flags });
    else if (pattern.kind === 'expression' && pattern.suffix === '') this.#general.push({ id, flags });
    else {
      const name = pattern.kind === 'glob' || pattern.kind === 'expression' ? pattern.suffix : pattern.name;
      // An earlier rule decides everything that its repetition would: a list full of them must not be slow.
      this.#names.add(name, id, flags, (otherId) => this.rule(otherId).text === rule.text);
    }
  }

  /** The rule at a place in the list. */
  rule(id: number): Rule {
    const rule = this.#rules[id];
    if (rule === undefined) throw new RangeError(`no rule ${id}`);
    return rule;
  }

  /** Tells the visitor of every rule whose pattern matches the host, in no order; ports are the visitor's business. */
  forEachMatch(host: Host, visitor: MatchVisitor): void {
    this.#host = host;
    this.#visitor = visitor;
    const address = hostAddress(host);
    if (address === undefined) this.#names.forEachEnd(host, this.#visitName);
    else this.#visitAddress(address, visitor);
    for (const { id, flags } of this.#general) {
      const isMatcher = (flags & KIND) === MATCHER;
      if (isMatcher ? address === undefined && this.#isMatched(id, flags) : true) visitor.match(id, flags);
    }
  }

  readonly #visitName = (id: number, flags: number, start: number): void => {
    switch (flags & KIND) {
      case EXACT:
        if (start > 0) return;
        break;
      case SUFFIX:
        break;
      case SUBDOMAINS:
        if (start === 0) return;
        break;
      case ONE_LABEL:
        if (start === 0 || this.#host.lastIndexOf('.', start - 2) >= 0) return;
        break;
      case MATCHER:
        if (!this.#isMatched(id, flags)) return;
        break;
    }
    this.#visitor.match(id, flags);
  };

  #visitAddress(address: Address, visitor: MatchVisitor): void {
    this.#addresses.forEachHolding(address, (id, flags) => visitor.match(id, flags));
    // What a tunnel address leads to is denied with it; it is not allowed with it, as the tunnel may end elsewhere.
    for (const inner of embeddedAddresses(address)) {
      this.#addresses.forEachHolding(inner, (id, flags) => {
        if ((flags & DENY) !== 0) visitor.match(id, flags);
      });
    }
  }

  #isMatched(id: number, flags: number): boolean {
    if (!this.#visitor.wants(id, flags)) return false;
    const { pattern } = this.rule(id);
    return (pattern.kind === 'glob' || pattern.kind === 'expression') && nameMatcher(pattern)(this.#host);
  }
}
