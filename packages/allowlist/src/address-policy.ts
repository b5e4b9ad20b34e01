import { type Address, formatAddress } from './address.ts';
import { type Cidr, cidrHas, isSingleAddress } from './cidr.ts';
import { embeddedAddresses } from './embedded-address.ts';
import { type Host, hostAddress } from './host.ts';
import { type SpecialUseCategory, specialUse } from './special-use.ts';

/** Why an address must not be dialled. */
export interface AddressFinding {
  readonly category: SpecialUseCategory | 'not-an-address';
  /** What the range is called: `private use`, `cloud instance metadata`. */
  readonly name: string;
  /** The range it lies in, `10.0.0.0/8`; undefined for a name. */
  readonly range?: string;
  /** The address inside it that is to blame, when it is not the address itself. */
  readonly embedded?: string;
}

/** Says which addresses may be dialled, whatever name led to them. */
export interface AddressPolicy {
  /** Undefined when the address may be dialled. Takes a resolver's answer after `parseHost`; a name is never one. */
  check(address: Host): AddressFinding | undefined;
}

const NOT_AN_ADDRESS: AddressFinding = Object.freeze({
  category: 'not-an-address',
  name: 'not an IP address',
});

/**
 * Refuses every special-use address but those in `allowPrivate`. Addresses embedded in an IPv6 address must pass as
 * well as the address around them; an allowed inner address opens only itself, never the tunnel form around it, while the
 * well-known NAT64 prefix is public, so that there the inner one alone decides. A metadata endpoint is opened only by a
 * range that is exactly that address: who allows 169.254.0.0/16 did not mean the cloud's credentials.
 */
export function compileAddressPolicy(allowPrivate: readonly Cidr[] = []): AddressPolicy {
  const isAllowed = (address: Address, category: SpecialUseCategory): boolean =>
    allowPrivate.some((cidr) => cidrHas(cidr, address) && (category !== 'metadata' || isSingleAddress(cidr)));

  const finding = (address: Address): AddressFinding | undefined => {
    const use = specialUse(address);
    if (use === undefined || isAllowed(address, use.category)) return undefined;
    return { category: use.category, name: use.name, range: use.cidr.text };
  };

  return {
    check(host) {
      const address = hostAddress(host);
      if (address === undefined) return NOT_AN_ADDRESS;
      if (address.family === 4) return finding(address);
      // The inner address first: what is behind a tunnel says more than that there is one.
      for (const inner of embeddedAddresses(address)) {
        const innerFinding = finding(inner);
        if (innerFinding !== undefined) return { ...innerFinding, embedded: formatAddress(inner) };
      }
      return finding(address);
    },
  };
}
