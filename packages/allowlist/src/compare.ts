import { MatcherComparison } from './compare-matchers.ts';
import { ComparisonSide } from './comparison-side.ts';
import type { Decision } from './decision.ts';
import { type Host, hostKind } from './host.ts';
import { hostClasses, representativeAddresses } from './host-classes.ts';
import { isPort } from './ports.ts';
import type { Allowlist, Rule } from './rule.ts';

/** Something that the one allowlist allows and the other does not. */
export interface Difference {
  /** `reach`: a target is allowed or not. `tls`: it is allowed by both, but what may pass through is not the same. */
  readonly change: 'reach' | 'tls';
  /** The rule that allows it, on the side that does. */
  readonly rule: Rule;
  /** A target on which the two differ, `host:port`, IPv6 in brackets. */
  readonly witness: string;
  /** The ports at which they were seen to differ, sorted. */
  readonly ports: readonly number[];
  /** Whether they differ at every port that no rule names, too. */
  readonly everyOtherPort: boolean;
  /** What the first allowlist says of the witness. */
  readonly before: Decision;
  /** What the second allowlist says of the witness. */
  readonly after: Decision;
  /**
   * The deny that alone makes the difference: without its denies, the side that denies the witness would allow it as well.
   * Each such deny has a difference of its own.
   */
  readonly denial: Rule | undefined;
}

/** A rule whose effect could not be told from the other allowlist's: it must be taken as a difference. */
export interface Undecided {
  readonly rule: Rule;
  readonly why: string;
}

/** How the second allowlist differs from the first. */
export interface AllowlistComparison {
  /** What only the second allows. */
  readonly widened: readonly Difference[];
  /** What only the first allows. */
  readonly narrowed: readonly Difference[];
  /** Empty unless globs and expressions are at odds in ways too complex to tell. */
  readonly undecided: readonly Undecided[];
}

/** When the comparison is for. */
export interface CompareOptions {
  /** Milliseconds since 1970; rules that have expired by then do not count. @default every rule counts */
  readonly atMs?: number;
}

/**
 * Compares what two allowlists decide, whatever rules they say it with. Exact for names, wildcards, addresses and ports;
 * for globs and expressions exact where `undecided` is empty. Special-use ranges, which the proxy refuses whatever the
 * allowlist says, are not looked at. With the two the other way round `widened` and `narrowed` change places, and nothing
 * else changes.
 */
export function compareAllowlists(
  before: Allowlist,
  after: Allowlist,
  options: CompareOptions = {},
): AllowlistComparison {
  return new Comparison(before, after, options.atMs ?? 0).run();
}

/** Whether the first allowlist allows anything that the second does not; `unknown` when that cannot be told. */
export function isWider(a: Allowlist, b: Allowlist, options: CompareOptions = {}): boolean | 'unknown' {
  const { widened, undecided } = compareAllowlists(b, a, options);
  return widened.length > 0 || (undecided.length > 0 && 'unknown');
}

class Comparison {
  readonly #before: ComparisonSide;
  readonly #after: ComparisonSide;
  readonly #unnamedPort: number;
  readonly #found = {
    widened: { reach: new Map<Rule, FoundByDenial>(), tls: new Map<Rule, FoundByDenial>() },
    narrowed: { reach: new Map<Rule, FoundByDenial>(), tls: new Map<Rule, FoundByDenial>() },
  };
  readonly #undecided = new Map<Rule, Undecided>();

  constructor(before: Allowlist, after: Allowlist, atMs: number) {
    this.#before = new ComparisonSide(before, atMs);
    this.#after = new ComparisonSide(after, atMs);
    this.#unnamedPort = unnamedPort([before, after]);
  }

  run(): AllowlistComparison {
    const lists = [this.#before.allowlist, this.#after.allowlist];
    const matchers = new MatcherComparison(this.#before, this.#after, {
      differ: (host, port) => this.#lookAt(host, port),
      undecided: (rule, why) => this.#undecided.set(rule, { rule, why }),
    });
    for (const hostClass of hostClasses(lists)) {
      this.#collect(hostClass.host);
      if (this.#isSame()) continue;
      const isOneHost = hostClass.depth === 'none';
      const isPlain = isOneHost || (this.#before.matchers.length === 0 && this.#after.matchers.length === 0);
      for (const port of this.#ports()) {
        if (isPlain) this.#lookAt(hostClass.host, port);
        else matchers.compareClass(hostClass, port);
      }
    }
    for (const host of representativeAddresses(lists)) {
      this.#collect(host);
      if (this.#isSame()) continue;
      for (const port of this.#ports()) this.#lookAt(host, port);
    }
    return {
      widened: this.#differences('widened'),
      narrowed: this.#differences('narrowed'),
      undecided: [...this.#undecided.values()],
    };
  }

  #collect(host: Host): void {
    this.#before.collect(host);
    this.#after.collect(host);
  }

  /** Whether the two sides have the very same rules here: most of two lists that share most of their rules. */
  #isSame(): boolean {
    const [before, after] = [this.#before, this.#after];
    const same = (a: readonly Rule[], b: readonly Rule[]) =>
      a.length === b.length &&
      a.every((rule, place) => rule.text === b[place]?.text && rule.tls === b[place]?.tls);
    return (
      same(before.rules, after.rules) &&
      same(before.matchers, after.matchers) &&
      before.allowlist.defaultPorts.join() === after.allowlist.defaultPorts.join()
    );
  }

  /** The ports at which the rules at hand may differ; one that no rule names stands for all such, and comes last. */
  #ports(): Set<number> {
    const ports = new Set([
      443,
      ...this.#before.allowlist.defaultPorts,
      ...this.#after.allowlist.defaultPorts,
    ]);
    for (const { rules, matchers } of [this.#before, this.#after]) {
      for (const rule of rules)
        if (typeof rule.ports !== 'string') for (const port of rule.ports) ports.add(port);
      for (const rule of matchers)
        if (typeof rule.ports !== 'string') for (const port of rule.ports) ports.add(port);
    }
    // 443 first, as the port that people think of; the rest in an order that does not depend on the sides.
    const sorted = [...ports].sort((a, b) => Number(b === 443) - Number(a === 443) || a - b);
    return new Set([...sorted, this.#unnamedPort]);
  }

  #lookAt(host: Host, port: number): boolean {
    const before = this.#before.policy.decide(host, port);
    const after = this.#after.policy.decide(host, port);
    if (after.result === 'allow') {
      if (before.result === 'deny') {
        const denial = this.#before.denialOf({ host, port }, before);
        this.#add('widened', 'reach', after.rule, { host, port, before, after, denial });
      } else if (after.rule.tls === 'any' && before.rule.tls === 'sni')
        this.#add('widened', 'tls', after.rule, { host, port, before, after });
      else if (after.rule.tls === 'sni' && before.rule.tls === 'any')
        this.#add('narrowed', 'tls', before.rule, { host, port, before, after });
    } else if (before.result === 'allow') {
      const denial = this.#after.denialOf({ host, port }, after);
      this.#add('narrowed', 'reach', before.rule, { host, port, before, after, denial });
    }
    return before.result !== after.result;
  }

  #add(kind: 'widened' | 'narrowed', change: Difference['change'], rule: Rule, seen: Seen): void {
    const found = this.#found[kind][change];
    const ofRule = found.get(rule) ?? new Map<Rule | undefined, FoundDifference>();
    found.set(rule, ofRule);
    const known = ofRule.get(seen.denial);
    if (known === undefined) ofRule.set(seen.denial, { change, rule, seen, ports: new Set([seen.port]) });
    else known.ports.add(seen.port);
  }

  #differences(kind: 'widened' | 'narrowed'): Difference[] {
    const { reach, tls } = this.#found[kind];
    const found = [...reach.values(), ...tls.values()].flatMap((ofRule) => [...ofRule.values()]);
    return found.map(({ change, rule, seen, ports }) => {
      const everyOtherPort = ports.delete(this.#unnamedPort);
      const host = hostKind(seen.host) === 'ipv6' ? `[${seen.host}]` : seen.host;
      return {
        change,
        rule,
        witness: `${host}:${seen.port}`,
        ports: [...ports].sort((a, b) => a - b),
        everyOtherPort,
        before: seen.before,
        after: seen.after,
        denial: seen.denial,
      };
    });
  }
}

interface Seen {
  readonly host: Host;
  readonly port: number;
  readonly before: Decision;
  readonly after: Decision;
  readonly denial?: Rule | undefined;
}

type FoundByDenial = Map<Rule | undefined, FoundDifference>;

interface FoundDifference {
  readonly change: Difference['change'];
  readonly rule: Rule;
  readonly seen: Seen;
  readonly ports: Set<number>;
}

/** A port that no rule names: whatever holds there holds at every other such port. */
function unnamedPort(allowlists: readonly Allowlist[]): number {
  const named = new Set(
    allowlists.flatMap(({ rules, defaultPorts }) => [
      ...defaultPorts,
      ...rules.flatMap(({ ports }) => (typeof ports === 'string' ? [] : ports)),
    ]),
  );
  let port = 10_000;
  while (named.has(port) && isPort(port)) port++;
  return port;
}
