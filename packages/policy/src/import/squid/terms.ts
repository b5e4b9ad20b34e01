import { SPECIAL_USES } from '@paude/allowlist';
import type { Term } from '../access-lines.ts';
import {
  type AddressRanges,
  addressesCover,
  cidrRange,
  commonAddresses,
  EVERY_ADDRESS,
  isNoAddress,
  otherAddresses,
  uniteAddresses,
} from '../address-ranges.ts';
import type { Notes, Place } from '../imported.ts';
import { EVERY_PORT, exceptPorts } from '../port-ranges.ts';
import type { Acl } from './acl.ts';

/** The requests that a term is read for. */
export interface RequestKind {
  readonly hosts: 'names' | 'addresses';
  /** Whether they are CONNECT requests, or plain ones. */
  readonly isConnect: boolean;
  /** Addresses that the client has: one, several of which none is told from another, or undefined for any. */
  readonly clients: AddressRanges | undefined;
}

/** One `[!]acl` of a line, and where that stands. */
export interface AclReference {
  readonly acl: Acl;
  readonly negated: boolean;
  readonly place: Place;
}

/** Methods that a plain request may well have; ours has rules for all of them, or for none. */
const PLAIN_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** What the proxy refuses to dial whatever name led there. */
const REFUSED = uniteAddresses(SPECIAL_USES.map(({ cidr }) => cidrRange(cidr)));

/** What a reference says of such requests; undefined when it holds for all of them. */
export function termOf(
  { acl, negated, place }: AclReference,
  kind: RequestKind,
  notes: Notes,
): Term | undefined {
  const truth = (holds: boolean): Term | undefined => (holds !== negated ? undefined : { kind: 'never' });
  const unknown = (why: string): Term => ({ kind: 'unknown', why: `acl ${acl.name} ${why}` });
  switch (acl.kind) {
    case 'ports': {
      const ports = negated ? exceptPorts(EVERY_PORT, acl.ports) : acl.ports;
      return ports.length === 0 ? { kind: 'never' } : { kind: 'ports', ports };
    }
    case 'manager':
      return truth(false);
    case 'words': {
      const holds =
        acl.type === 'method'
          ? methodHolds(acl.words, kind.isConnect)
          : protocolHolds(acl.words, kind.isConnect);
      return holds === undefined
        ? unknown(`tells ${acl.type}s apart, which an allowlist does not`)
        : truth(holds);
    }
    case 'client': {
      const holds = acl.unwritten === undefined ? clientHolds(acl.addresses, kind.clients) : undefined;
      return holds === undefined
        ? unknown('depends on the client, of which an allowlist knows nothing')
        : truth(holds);
    }
    case 'target':
      return kind.hosts === 'names' ? targetOfName(acl) : targetAddress(acl);
    case 'names':
      return kind.hosts === 'names' ? namesTerm(acl) : nameOfAddress(acl);
    case 'other':
      return unknown(`is of the type ${acl.type}, of which an allowlist knows nothing`);
  }

  function namesTerm({ names, unwritten }: Acl & { kind: 'names' }): Term | undefined {
    if (names.isEmpty && unwritten === undefined) return truth(false);
    return names.isEvery ? truth(true) : { kind: 'names', names, negated, unwritten };
  }

  /** Names against an address: squid looks its name up, which proves nothing and which the proxy does not do. */
  function nameOfAddress({
    addresses,
    looksUp,
    unwritten,
    names,
  }: Acl & { kind: 'names' }): Term | undefined {
    if (names.isEmpty && unwritten === undefined) return addressTerm(addresses);
    if (acl.type === 'dstdomain' && !looksUp) return addressTerm(addresses);
    const why = `acl ${acl.name} is about names, and squid looks up the name of an address`;
    return { kind: 'unknown', why, plainFor: negated ? 'deny' : 'allow' };
  }

  function targetAddress({ addresses, unwritten }: Acl & { kind: 'target' }): Term | undefined {
    return unwritten === undefined ? addressTerm(addresses) : unknown(`is not clear: ${unwritten}`);
  }

  function targetOfName({ addresses, unwritten }: Acl & { kind: 'target' }): Term | undefined {
    if (unwritten === undefined && addressesCover(addresses, EVERY_ADDRESS)) return truth(true);
    if (unwritten === undefined && addressesCover(REFUSED, addresses)) {
      const why = `acl ${acl.name} is about names that lead to addresses that the proxy refuses by itself`;
      notes.add('assumed', place, why, 'Do not open these addresses with --allow-private');
      return truth(false);
    }
    return unknown('is about the addresses of a name, which are not known when the name is decided');
  }

  function addressTerm(addresses: AddressRanges): Term {
    const wanted = negated ? otherAddresses(addresses) : addresses;
    return isNoAddress(wanted) ? { kind: 'never' } : { kind: 'addresses', addresses: wanted };
  }
}

function methodHolds(methods: ReadonlySet<string>, isConnect: boolean): boolean | undefined {
  if (isConnect) return methods.has('CONNECT');
  const plain = [...methods].filter((method) => method !== 'CONNECT');
  if (plain.length === 0) return false;
  return PLAIN_METHODS.every((method) => methods.has(method)) ? true : undefined;
}

function protocolHolds(protocols: ReadonlySet<string>, isConnect: boolean): boolean | undefined {
  if (!['HTTP', 'HTTPS', 'NONE', 'ALL'].some((protocol) => protocols.has(protocol))) return false;
  return !isConnect && protocols.has('HTTP') ? true : undefined;
}

function clientHolds(addresses: AddressRanges, clients: AddressRanges | undefined): boolean | undefined {
  if (addressesCover(addresses, clients ?? EVERY_ADDRESS)) return true;
  if (isNoAddress(addresses)) return false;
  return clients !== undefined && isNoAddress(commonAddresses(addresses, clients)) ? false : undefined;
}
