import { PaudeError } from '@paude/errors';
import {
  type AddressRanges,
  addressesCover,
  commonAddresses,
  EVERY_ADDRESS,
  isNoAddress,
  parseAddressRange,
} from '../address-ranges.ts';
import type { Notes } from '../imported.ts';
import type { Acl } from './acl.ts';
import type { HttpAccess } from './http-access.ts';

const LOOPBACK: AddressRanges = { 4: [[0x7f00_0000n, 0x7fff_ffffn]], 6: [[1n, 1n]] };

type ClientAcl = Acl & { readonly kind: 'client' };

/**
 * The clients that an allowlist can be for when none is named: those of the one `src` ACL that every allow needs. Undefined
 * when there is none; lines that tell clients apart then cannot be imported. Allows for squid's own machine and for its own
 * pages do not count.
 */
export function assumedClients(lines: readonly HttpAccess[], notes: Notes): AddressRanges | undefined {
  const gate = lines.findIndex(({ effect }) => effect === 'allow');
  const gates = lines.slice(0, Math.max(gate, 0)).flatMap(({ references: [first, ...rest] }) => {
    return first?.negated === true && rest.length === 0 && first.acl.kind === 'client' ? [first.acl] : [];
  });
  const allows = lines
    .filter(({ effect }) => effect === 'allow')
    .map(clientAcls)
    .filter((acls) => acls !== 'own');
  const [first, ...others] = allows;
  const shared = (first ?? []).filter((acl) => others.every((acls) => acls.includes(acl)));
  const acl = [...gates, ...shared].find(({ unwritten }) => unwritten === undefined);
  if (acl === undefined || addressesCover(acl.addresses, EVERY_ADDRESS)) return undefined;
  const why = `clients are taken to be those of acl ${acl.name}, which every allow asks for`;
  notes.add('assumed', acl.place, why, 'Keep other clients away from the proxy');
  return acl.addresses;
}

/** The ACLs that a client must be in; `own` when the line is for squid itself. */
function clientAcls({ references }: HttpAccess): readonly ClientAcl[] | 'own' {
  const acls = references.flatMap(({ acl, negated }) => (negated ? [] : [acl]));
  const clients = acls.flatMap((acl) => (acl.kind === 'client' && !isEveryone(acl) ? [acl] : []));
  const isOwn = acls.some(({ kind }) => kind === 'manager') || clients.some(isOnlyLoopback);
  return isOwn ? 'own' : clients;
}

function isEveryone({ addresses }: ClientAcl): boolean {
  return addressesCover(addresses, EVERY_ADDRESS);
}

function isOnlyLoopback({ addresses, unwritten }: ClientAcl): boolean {
  return (
    unwritten === undefined &&
    !isNoAddress(commonAddresses(addresses, LOOPBACK)) &&
    addressesCover(LOOPBACK, addresses)
  );
}

/**
 * One client's address as a range.
 *
 * @throws PaudeError `client-invalid`.
 */
export function clientAddress(client: string): AddressRanges {
  const range = /^[^/-]+$/.test(client) && client !== 'all' ? parseAddressRange(client) : undefined;
  if (range !== undefined) return range;
  throw new PaudeError('client-invalid', {
    action: 'import for the client',
    input: client,
    why: 'it is not an IP address',
    remedy: 'Name the address that squid sees of the client, as in 10.0.0.5',
  });
}
