import type { Decision, Policy } from './decision.ts';
import { type Host, hostKind } from './host.ts';
import { isPort } from './ports.ts';
import type { Allowlist } from './rule.ts';
import { DENY, EXPIRED, type MatchVisitor, portsOfFlags, RuleIndex } from './rule-index.ts';

/** When the policy is for. */
export interface CompileOptions {
  /** Milliseconds since 1970; a rule that expires at this moment or before does not match. @default never */
  readonly atMs?: number;
}

/** How a long compilation makes room for other work. */
export interface SliceOptions extends CompileOptions {
  /** Awaited between slices, such as `() => setImmediate()` of `node:timers/promises`. */
  readonly pause: () => Promise<unknown>;
  /** @default 5000 */
  readonly rulesPerSlice?: number;
}

/** Compiles an allowlist. What `decide()` then costs does not grow with the number of plain name rules. */
export function compile(allowlist: Allowlist, options: CompileOptions = {}): Policy {
  const policy = new CompiledPolicy(allowlist, options.atMs ?? 0);
  for (let id = 0; id < allowlist.rules.length; id++) policy.add(id);
  return policy;
}

/** `compile()` for long allowlists: in slices, so that the event loop is never blocked for long. */
export async function compileInSlices(allowlist: Allowlist, options: SliceOptions): Promise<Policy> {
  const { pause, rulesPerSlice = 5000, atMs = 0 } = options;
  const policy = new CompiledPolicy(allowlist, atMs);
  for (let id = 0; id < allowlist.rules.length; id++) {
    if (id > 0 && id % rulesPerSlice === 0) await pause();
    policy.add(id);
  }
  return policy;
}

/** No rule: behind every rule there can be. */
const NONE = 0x7fffffff;

/** Not listed, as values: nothing is made for the commonest answers. */
const NOT_LISTED: Decision = Object.freeze({ result: 'deny', reason: 'not-listed' });
const ADDRESS_NOT_LISTED: Decision = Object.freeze({ result: 'deny', reason: 'address-not-listed' });
const EMPTY_ALLOWLIST: Decision = Object.freeze({ result: 'deny', reason: 'empty-allowlist' });

class CompiledPolicy implements Policy, MatchVisitor {
  readonly allowlist: Allowlist;
  readonly atMs: number;
  nextExpiryMs: number | undefined;
  readonly #index: RuleIndex;
  #hasAllow = false;

  // The decision under way: its port, and the first rule of each kind found so far.
  #port = 0;
  #isPort = false;
  #isDefaultPort = false;
  #deny = NONE;
  #allow = NONE;
  #wrongPort = NONE;
  #expired = NONE;

  constructor(allowlist: Allowlist, atMs: number) {
    this.allowlist = allowlist;
    this.atMs = atMs;
    this.#index = new RuleIndex(allowlist.rules, atMs);
  }

  add(id: number): void {
    this.#index.add(id);
    const { effect, expiresAtMs } = this.#index.rule(id);
    if (effect === 'allow') this.#hasAllow = true;
    if (expiresAtMs !== undefined && expiresAtMs > this.atMs) {
      this.nextExpiryMs = Math.min(this.nextExpiryMs ?? expiresAtMs, expiresAtMs);
    }
  }

  decide(host: Host, port: number): Decision {
    this.#port = port;
    this.#isPort = isPort(port);
    this.#isDefaultPort = this.allowlist.defaultPorts.includes(port);
    this.#deny = this.#allow = this.#wrongPort = this.#expired = NONE;
    this.#index.forEachMatch(host, this);
    if (this.#deny !== NONE) {
      return { result: 'deny', reason: 'denied-by-rule', rule: this.#index.rule(this.#deny) };
    }
    if (this.#allow !== NONE) {
      return { result: 'allow', reason: 'allowed-by-rule', rule: this.#index.rule(this.#allow) };
    }
    if (this.#expired !== NONE) {
      return { result: 'deny', reason: 'rule-expired', rule: this.#index.rule(this.#expired) };
    }
    if (this.#wrongPort !== NONE) {
      return { result: 'deny', reason: 'port-not-allowed', rule: this.#index.rule(this.#wrongPort) };
    }
    if (!this.#hasAllow) return EMPTY_ALLOWLIST;
    return hostKind(host) === 'name' ? NOT_LISTED : ADDRESS_NOT_LISTED;
  }

  /** A matcher is worth running only while its match could still change the decision. */
  wants(id: number, flags: number): boolean {
    return id < ((flags & DENY) !== 0 ? this.#deny : this.#allow);
  }

  match(id: number, flags: number): void {
    const portMatches = this.#hasPort(id, flags);
    if ((flags & DENY) !== 0) {
      if (portMatches && id < this.#deny) this.#deny = id;
    } else if ((flags & EXPIRED) !== 0) {
      if (portMatches && id < this.#expired) this.#expired = id;
    } else if (portMatches) {
      if (id < this.#allow) this.#allow = id;
    } else if (id < this.#wrongPort) {
      this.#wrongPort = id;
    }
  }

  #hasPort(id: number, flags: number): boolean {
    switch (portsOfFlags(flags)) {
      case 'all':
        return this.#isPort;
      case 'default':
        return this.#isDefaultPort;
      case 'list': {
        const { ports } = this.#index.rule(id);
        return typeof ports !== 'string' && ports.includes(this.#port);
      }
    }
  }
}
