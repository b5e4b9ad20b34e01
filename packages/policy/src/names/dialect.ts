/** What the objects of one kind can say of names, addresses and ports. */
export interface Dialect {
  /** The kind as diagnostics name it: `EgressFirewall`. */
  readonly kind: string;
  /** What the codes of its diagnostics begin with: `egress-firewall`. */
  readonly prefix: string;
  /** Whether a literal name may stand in it; also the name behind a wildcard. */
  isName(name: string): boolean;
  /** Whether a glob that holds nothing but `*` may stand in it. Undefined where `*` never stands within a label. */
  isGlob?(glob: string): boolean;
  /** Which wildcards it has: exactly one label in front, one or more, both, none. */
  readonly wildcards: 'one-label' | 'subdomains' | 'both' | 'none';
  /** Whether ranges of addresses can be allowed. */
  readonly addresses: boolean;
  /** Whether it can allow every destination at once. */
  readonly all: boolean;
  /** What can be denied before, or over, what is allowed. */
  readonly denies: 'names-and-addresses' | 'addresses' | 'nothing';
  /**
   * `tcp`: ports, and every TCP port at once; `listed`: ports, but all of them only with every protocol; `numbered`: ports
   * one by one, never all of them; `none`: no ports.
   */
  readonly ports: 'tcp' | 'listed' | 'numbered' | 'none';
}

/** Whether names with exactly one label in front can be said. */
export function hasOneLabel({ wildcards }: Dialect): boolean {
  return wildcards === 'one-label' || wildcards === 'both';
}

/** Whether names with any number of labels in front can be said. */
export function hasSubdomains({ wildcards }: Dialect): boolean {
  return wildcards === 'subdomains' || wildcards === 'both';
}
