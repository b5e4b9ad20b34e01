import { hostKind, tryParseHost } from '@paude/allowlist';
import { type AccessLine, type Grant, grantsOf } from './access-lines.ts';
import {
  type AddressRanges,
  EVERY_ADDRESS,
  NO_ADDRESS,
  parseAddressRange,
  uniteAddresses,
} from './address-ranges.ts';
import type { Imported, Notes, Place } from './imported.ts';
import { APEX, BELOW, EVERY_NAME, type NameEntry, NameSet } from './name-set.ts';
import { EVERY_PORT, type PortRanges } from './port-ranges.ts';
import { writeWords } from './write-words.ts';

/** One entry of a list of hosts: a name, an address, `*.x` for all below x, or `*`. */
export interface HostEntry {
  readonly host: string;
  /** Undefined for every port. */
  readonly port?: number | undefined;
  readonly place: Place;
}

/** A list that allows or denies; of several lists the first that holds a host decides. */
export interface HostList {
  readonly effect: 'allow' | 'deny';
  readonly entries: readonly HostEntry[];
}

/** The hosts of one entry; undefined when it is none. */
function hostsOf({ host, place }: HostEntry): { names: NameSet; addresses: AddressRanges } | undefined {
  if (host === '*') return { names: EVERY_NAME, addresses: EVERY_ADDRESS };
  const isWild = host.startsWith('*.');
  const parsed = tryParseHost(isWild ? host.slice(2) : host);
  if (typeof parsed !== 'string') return undefined;
  if (hostKind(parsed) === 'name') {
    const entry: NameEntry = { mask: isWild ? BELOW : APEX, place };
    return { names: new NameSet(new Map([[parsed, entry]])), addresses: NO_ADDRESS };
  }
  return isWild ? undefined : { names: new NameSet(), addresses: parseAddressRange(parsed) ?? NO_ADDRESS };
}

/** Whether an entry names hosts. */
export function isHostEntry(host: string): boolean {
  return hostsOf({ host, place: { file: '', line: 0 } }) !== undefined;
}

/** Makes an allowlist of lists in order; what none of them holds is denied. */
export function importLists(lists: readonly HostList[], notes: Notes, file: string): Imported {
  const effort = { comparisons: 0 };
  const grants = (['names', 'addresses'] as const).flatMap((kind) => {
    const lines = lists.flatMap((list) => linesOf(list, kind));
    const region: Grant['region'] =
      kind === 'names'
        ? { kind, names: EVERY_NAME, denied: new NameSet() }
        : { kind, addresses: EVERY_ADDRESS };
    return grantsOf(lines, { ports: EVERY_PORT, region }, { notes, effort });
  });
  const portless = lists.find(
    ({ effect, entries }) => effect === 'allow' && entries.some(({ port }) => port === undefined),
  );
  const first = portless?.entries.find(({ port }) => port === undefined);
  if (first !== undefined) {
    const why = 'what names no port is allowed at every port, as it is there';
    notes.add('wide', first.place, why, 'Take :* off where 80 and 443 are enough');
  }
  const entries = writeWords(grants, notes, { effort, source: { file, line: 0 } });
  return { entries, notes: notes.list() };
}

/** A list as lines, one for each port that its entries name. */
function linesOf({ effect, entries }: HostList, kind: 'names' | 'addresses'): AccessLine[] {
  return [...Map.groupBy(entries, ({ port }) => port)].flatMap(([port, own]): AccessLine[] => {
    const place = own[0]?.place;
    if (place === undefined) return [];
    const ports: PortRanges = port === undefined ? EVERY_PORT : [[port, port]];
    const names = new Map<string, NameEntry>();
    let isEvery = false;
    const all: AddressRanges[] = [];
    for (const entry of own) {
      const hosts = hostsOf(entry);
      if (hosts === undefined) continue;
      isEvery ||= hosts.names.isEvery;
      all.push(hosts.addresses);
      for (const [name, { mask, place: at }] of hosts.names.names) {
        const known = names.get(name);
        names.set(name, { mask: mask | (known?.mask ?? 0), place: known?.place ?? at });
      }
    }
    const portTerm = { kind: 'ports', ports } as const;
    if (kind === 'addresses')
      return [{ effect, place, terms: [portTerm, { kind, addresses: uniteAddresses(all) }] }];
    const set = isEvery ? EVERY_NAME : new NameSet(names);
    return set.isEmpty ? [] : [{ effect, place, terms: [portTerm, { kind, names: set, negated: false }] }];
  });
}
