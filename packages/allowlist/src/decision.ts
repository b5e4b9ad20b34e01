import type { Host } from './host.ts';
import type { Allowlist, Rule } from './rule.ts';

/** Why a decision came out as it did. Stable: the audit log, tests and denial texts carry it. */
export type ReasonCode =
  /** An allow rule matches; no deny rule does. */
  | 'allowed-by-rule'
  /** A deny rule matches: the first that does. */
  | 'denied-by-rule'
  /** An allow rule matches the host, but not at this port. */
  | 'port-not-allowed'
  /** An allow rule would match, had it not expired. */
  | 'rule-expired'
  /** The host is an IP address, and no rule names it. */
  | 'address-not-listed'
  /** No rule matches the name. */
  | 'not-listed'
  /** There is no allow rule at all. */
  | 'empty-allowlist';

/** What an allowlist says of a host and a port. A deny is a value, not an exception. */
export type Decision =
  | { readonly result: 'allow'; readonly reason: 'allowed-by-rule'; readonly rule: Rule }
  | {
      readonly result: 'deny';
      readonly reason: 'denied-by-rule' | 'port-not-allowed' | 'rule-expired';
      readonly rule: Rule;
    }
  | {
      readonly result: 'deny';
      readonly reason: 'address-not-listed' | 'not-listed' | 'empty-allowlist';
      readonly rule?: undefined;
    };

/** A compiled allowlist: what it says depends on nothing but the host and the port. */
export interface Policy {
  /**
   * A deny rule wins wherever it stands; otherwise the allow rule that stands first decides. `port` is 1 to 65535; any
   * other number is denied.
   */
  decide(host: Host, port: number): Decision;
  /** The allowlist it was compiled from. */
  readonly allowlist: Allowlist;
  /** The moment it was compiled for, in milliseconds since 1970. */
  readonly atMs: number;
  /** When the next of its rules expires, and the policy should be compiled again; undefined when none will. */
  readonly nextExpiryMs: number | undefined;
}
