import {
  type AddressPattern,
  type Cidr,
  cidrCovers,
  comparePatterns,
  type Pattern,
  type Rule,
} from '@paude/allowlist';

/** Rules below one domain that are looked at in turn. */
const MAX_BELOW = 200;

/** Pairs with a glob or an expression that are compared: some milliseconds each. */
const MAX_MATCHER_PAIRS = 300;

/**
 * Finds a rule whose pattern has something in common with a given one, without comparing each with each. Where that takes
 * too much work none is found, so that what is new is rather called new than changed.
 */
export class OverlapIndex {
  readonly #first: Rule | undefined;
  readonly #byDomain = new Map<string, Rule[]>();
  /** Domains with their labels the other way round, sorted: those below a domain follow it. */
  readonly #reversed: readonly string[];
  /** Rules that no domain is known of. */
  readonly #general: Rule[] = [];
  readonly #addresses: AddressRule[] = [];
  readonly #rangesByPrefix = new Map<string, PrefixRanges>();
  #matcherPairs = 0;

  constructor(rules: readonly Rule[]) {
    this.#first = rules[0];
    for (const rule of rules) {
      const domain = domainOf(rule.pattern);
      if (rule.pattern.kind === 'address') this.#addAddress(rule, rule.pattern);
      else if (domain === '') this.#general.push(rule);
      else {
        const known = this.#byDomain.get(domain);
        if (known === undefined) this.#byDomain.set(domain, [rule]);
        else known.push(rule);
      }
    }
    this.#reversed = [...this.#byDomain.keys()].map(reversed).sort();
    this.#addresses.sort((a, b) => (a.start < b.start ? -1 : 1));
  }

  /** A rule that matches something of what the pattern does. The nearest domain comes first. */
  find(pattern: Pattern): Rule | undefined {
    if (pattern.kind === 'any') return this.#first;
    if (pattern.kind === 'address') return this.#findAddress(pattern) ?? this.#among(this.#general, pattern);
    return this.#findName(pattern) ?? this.#among(this.#general, pattern);
  }

  #findName(pattern: Pattern): Rule | undefined {
    const domain = domainOf(pattern);
    for (let at = domain; at !== ''; at = parentOf(at)) {
      const found = this.#among(this.#byDomain.get(at) ?? [], pattern);
      if (found !== undefined) return found;
    }
    // Below an exact name there is nothing that it matches.
    return pattern.kind === 'exact' ? undefined : this.#findBelow(domain, pattern);
  }

  #findBelow(domain: string, pattern: Pattern): Rule | undefined {
    const head = domain === '' ? '' : `${reversed(domain)}.`;
    const start = firstAtLeast(this.#reversed, head, (text) => text);
    for (let index = start; index < Math.min(start + MAX_BELOW, this.#reversed.length); index++) {
      const below = this.#reversed[index] ?? '';
      if (!below.startsWith(head)) return undefined;
      const found = this.#among(this.#byDomain.get(reversed(below)) ?? [], pattern);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #among(rules: readonly Rule[], pattern: Pattern): Rule | undefined {
    return rules.find((rule) => {
      const isCostly = isMatcher(rule.pattern) || isMatcher(pattern);
      if (isCostly && ++this.#matcherPairs > MAX_MATCHER_PAIRS) return false;
      return comparePatterns(rule.pattern, pattern) !== 'disjoint';
    });
  }

  #addAddress(rule: Rule, { cidr }: AddressPattern): void {
    this.#addresses.push({ start: startOf(cidr), cidr, rule });
    const key = `${cidr.family}/${cidr.prefix}`;
    const ranges = this.#rangesByPrefix.get(key) ?? { mask: cidr, rules: new Map<string, Rule>() };
    this.#rangesByPrefix.set(key, ranges);
    ranges.rules.set(startOf(cidr), rule);
  }

  #findAddress({ cidr }: AddressPattern): Rule | undefined {
    for (const { mask, rules } of this.#rangesByPrefix.values()) {
      if (mask.family !== cidr.family || mask.prefix > cidr.prefix) continue;
      const words = cidr.words.map((word, index) => (word & (mask.mask[index] ?? 0)) >>> 0);
      const found = rules.get(hex(cidr.family, words));
      if (found !== undefined) return found;
    }
    const next = this.#addresses[firstAtLeast(this.#addresses, startOf(cidr), ({ start }) => start)];
    return next !== undefined && cidrCovers(cidr, next.cidr) ? next.rule : undefined;
  }
}

interface AddressRule {
  readonly start: string;
  readonly cidr: Cidr;
  readonly rule: Rule;
}

interface PrefixRanges {
  readonly mask: Cidr;
  readonly rules: Map<string, Rule>;
}

/** The literal end of the names that a pattern matches; empty when none is known. */
function domainOf(pattern: Pattern): string {
  if ('name' in pattern) return pattern.name;
  return 'suffix' in pattern ? pattern.suffix : '';
}

function parentOf(domain: string): string {
  const dot = domain.indexOf('.');
  return dot < 0 ? '' : domain.slice(dot + 1);
}

function reversed(domain: string): string {
  return domain.split('.').reverse().join('.');
}

function isMatcher({ kind }: Pattern): boolean {
  return kind === 'glob' || kind === 'expression';
}

function startOf({ family, words }: Cidr): string {
  return hex(family, words);
}

function hex(family: number, words: readonly number[]): string {
  return `${family} ${words.map((word) => word.toString(16).padStart(8, '0')).join('')}`;
}

/** The place of the first item whose key is not before `key`. */
function firstAtLeast<Item>(items: readonly Item[], key: string, keyOf: (item: Item) => string): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = items[middle];
    if (item !== undefined && keyOf(item) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
