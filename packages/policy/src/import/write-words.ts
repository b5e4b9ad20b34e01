import { formatRule, parseWords } from '@paude/allowlist';
import type { Grant, Region } from './access-lines.ts';
import {
  type AddressRanges,
  addressPatterns,
  EVERY_ADDRESS,
  isNoAddress,
  NO_ADDRESS,
  otherAddresses,
  uniteAddresses,
} from './address-ranges.ts';
import { deniedAtoms } from './denied-atoms.ts';
import type { ImportedEntry, Notes, Place } from './imported.ts';
import { APEX, BELOW, type Effort, type NameSet } from './name-set.ts';
import {
  commonPorts,
  describePorts,
  exceptPorts,
  type PortRanges,
  unitePorts,
  writePorts,
} from './port-ranges.ts';

/** More ranges of addresses than this are not written. */
const MAX_ADDRESS_PATTERNS = 1000;

const NO_PORTS: PortRanges = [];

/** Ports of a name itself and of all below it. */
interface NamePorts {
  apex: PortRanges;
  below: PortRanges;
  place: Place;
}

/** Patterns with their ports: of names in two halves, so that `.x`, `x` and `**.x` come out as they should. */
class PatternPorts {
  readonly names = new Map<string, NamePorts>();
  readonly expressions = new Map<string, { ports: PortRanges; place: Place }>();

  add(set: NameSet, ports: PortRanges): void {
    for (const [name, { mask, place }] of set.names) this.addName(name, mask, { ports, place });
    for (const [source, { place }] of set.expressions) this.addExpression(source, { ports, place });
  }

  addName(name: string, mask: number, { ports, place }: { ports: PortRanges; place: Place }): void {
    const known = this.names.get(name) ?? { apex: NO_PORTS, below: NO_PORTS, place };
    if ((mask & APEX) !== 0) known.apex = unitePorts(known.apex, ports);
    if ((mask & BELOW) !== 0) known.below = unitePorts(known.below, ports);
    this.names.set(name, known);
  }

  addExpression(source: string, { ports, place }: { ports: PortRanges; place: Place }): void {
    const known = this.expressions.get(source);
    this.expressions.set(
      source,
      known === undefined ? { ports, place } : { ports: unitePorts(known.ports, ports), place: known.place },
    );
  }

  /** Each pattern with its ports; what a wider one has already is left out. */
  *patterns(isDeny: boolean): Generator<{ pattern: string; ports: PortRanges; place: Place }> {
    for (const [name, { apex, below, place }] of this.names) {
      const above = this.#above(name);
      const [own, under] = [exceptPorts(apex, above), exceptPorts(below, above)];
      const both = commonPorts(own, under);
      yield { pattern: domainPattern(name, APEX | BELOW, isDeny), ports: both, place };
      yield { pattern: domainPattern(name, APEX, isDeny), ports: exceptPorts(own, both), place };
      yield { pattern: domainPattern(name, BELOW, isDeny), ports: exceptPorts(under, both), place };
    }
    for (const [source, { ports, place }] of this.expressions) yield { pattern: `~${source}`, ports, place };
  }

  #above(name: string): PortRanges {
    let ports = NO_PORTS;
    for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
      const parent = this.names.get(name.slice(dot + 1));
      if (parent !== undefined) ports = unitePorts(ports, parent.below);
    }
    return ports;
  }
}

/** Writes words that allow what the grants do, and never more. */
export function writeWords(
  grants: readonly Grant[],
  context: { readonly notes: Notes; readonly effort: Effort; readonly source: Place },
): ImportedEntry[] {
  return new WordWriter(context.notes, context.effort, context.source).write(grants);
}

class WordWriter {
  readonly #notes: Notes;
  readonly #effort: Effort;
  readonly #source: Place;
  readonly #entries = new Map<string, ImportedEntry>();
  /** All ports at which anything is allowed: a deny of all these needs no ports. */
  #granted: PortRanges = NO_PORTS;

  constructor(notes: Notes, effort: Effort, source: Place) {
    this.#notes = notes;
    this.#effort = effort;
    this.#source = source;
  }

  write(grants: readonly Grant[]): ImportedEntry[] {
    const named = new PatternPorts();
    let every: { ports: PortRanges; place: Place } | undefined;
    for (const { region, ports, place } of grants) {
      this.#granted = unitePorts(this.#granted, ports);
      if (region.kind !== 'names') continue;
      if (region.names.isEvery)
        every = { ports: unitePorts(every?.ports ?? NO_PORTS, ports), place: every?.place ?? place };
      else named.add(region.names, ports);
    }
    const everyWritten = every === undefined ? NO_PORTS : this.#allow('all', every.ports, every.place);
    for (const { pattern, ports, place } of named.patterns(false)) {
      this.#allow(pattern, exceptPorts(ports, everyWritten), place);
    }
    const denied = new PatternPorts();
    for (const atom of deniedAtoms(grants, this.#effort, this.#notes)) {
      if (atom.kind === 'name') denied.addName(atom.name, atom.mask, atom);
      else denied.addExpression(atom.source, atom);
    }
    for (const { pattern, ports, place } of denied.patterns(true)) this.#deny(pattern, ports, place);
    this.#writeAddresses(grants, everyWritten, every?.place ?? this.#source);
    return [...this.#entries.values()];
  }

  /** Addresses: allowed where they are, and denied where `all` allows them and the source does not. */
  #writeAddresses(grants: readonly Grant[], everyName: PortRanges, place: Place): void {
    let unnamed = everyName;
    for (const { addresses, ports, place: from } of addressGroups(grants)) {
      const inside = commonPorts(ports, everyName);
      unnamed = exceptPorts(unnamed, inside);
      this.#allowAddresses(addresses, exceptPorts(ports, inside), from);
      if (inside.length > 0) this.#denyAddresses(otherAddresses(addresses), inside, from);
    }
    if (unnamed.length > 0) this.#denyAddresses(EVERY_ADDRESS, unnamed, place);
  }

  #allowAddresses(addresses: AddressRanges, ports: PortRanges, place: Place): void {
    if (ports.length === 0) return;
    const patterns = addressPatterns(addresses, false);
    if (patterns.length > MAX_ADDRESS_PATTERNS) {
      const why = `more than ${MAX_ADDRESS_PATTERNS} ranges of addresses are left out`;
      this.#notes.add('narrowed', place, why, 'Name the ranges that are needed');
      return;
    }
    for (const pattern of patterns) this.#allow(pattern, ports, place);
  }

  #denyAddresses(addresses: AddressRanges, ports: PortRanges, place: Place): void {
    if (isNoAddress(addresses)) return;
    const patterns = addressPatterns(addresses, true);
    const tooMany = patterns.length > MAX_ADDRESS_PATTERNS;
    if (tooMany) {
      const why = 'every address is denied, because those to deny are too many ranges';
      this.#notes.add('narrowed', place, why, 'Name the ranges that are needed');
    }
    for (const pattern of tooMany ? addressPatterns(EVERY_ADDRESS, true) : patterns)
      this.#deny(pattern, ports, place);
  }

  /** @returns the ports that could be written. */
  #allow(pattern: string, ports: PortRanges, place: Place): PortRanges {
    if (ports.length === 0) return NO_PORTS;
    const { text, written, lost } = writePorts(ports);
    if (lost.length > 0) {
      const why = `ports ${describePorts(lost)} are left out, because a rule has a thousand ports at most`;
      this.#notes.add('narrowed', place, why, 'Add the ports that are needed, as in host:8443');
    }
    if (written.length === 0) return NO_PORTS;
    // Behind `all` nothing means every port, behind anything else 80 and 443.
    const tail = pattern !== 'all' ? text : text === ':*' ? '' : text === '' ? ':{80,443}' : text;
    this.#add(`${pattern}${tail}`, place);
    return written;
  }

  #deny(pattern: string, ports: PortRanges, place: Place): void {
    if (ports.length === 0) return;
    const { text, lost } = writePorts(ports);
    const isEveryPort = lost.length > 0 || text === ':*' || exceptPorts(this.#granted, ports).length === 0;
    if (lost.length > 0 && exceptPorts(this.#granted, ports).length > 0) {
      const why = `${pattern} is denied at every port, because its ports are too many to write`;
      this.#notes.add('narrowed', place, why, 'Name the ports that are needed');
    }
    this.#add(`!${pattern}${isEveryPort ? '' : text === '' ? ':{80,443}' : text}`, place);
  }

  #add(word: string, { file, line }: Place): void {
    // Written with ranges of ports, which the canonical word writes out; parsing checks it.
    const key = parseWords([word]).rules.map(formatRule).join(' ');
    if (!this.#entries.has(key)) this.#entries.set(key, { word, file, line });
  }
}

interface AddressGroup {
  addresses: AddressRanges;
  ports: PortRanges;
  place: Place;
}

/** Grants of addresses, disjoint in their ports. */
function addressGroups(grants: readonly Grant[]): AddressGroup[] {
  const own = grants.filter(({ region }) => region.kind === 'addresses');
  const edges = [...new Set(own.flatMap(({ ports }) => ports.flatMap(([first, last]) => [first, last + 1])))];
  edges.sort((a, b) => a - b);
  const groups = new Map<string, AddressGroup>();
  edges.forEach((first, index) => {
    const cell: PortRanges = [[first, (edges[index + 1] ?? 65536) - 1]];
    const here = own.filter(({ ports }) => commonPorts(ports, cell).length > 0);
    const place = here[0]?.place;
    if (place === undefined) return;
    const addresses = here.reduce((sum, { region }) => uniteAddresses(sum, addressesOf(region)), NO_ADDRESS);
    const key = [addresses[4], addresses[6]].map((ranges) => ranges.join(';')).join('|');
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { addresses, ports: cell, place });
    else known.ports = unitePorts(known.ports, cell);
  });
  return [...groups.values()];
}

function addressesOf(region: Region): AddressRanges {
  return region.kind === 'addresses' ? region.addresses : NO_ADDRESS;
}

/** A name with one label has no `.x` in the pattern grammar but in a deny, because it is nearly always a mistake. */
function domainPattern(name: string, mask: number, isDeny: boolean): string {
  if (name.includes('.') || (isDeny && mask !== APEX))
    return mask === APEX ? name : mask === BELOW ? `**.${name}` : `.${name}`;
  const escaped = name.replaceAll('-', '\\-');
  return mask === APEX ? `${name}.` : mask === BELOW ? `~^.*\\.${escaped}$` : `~^(?:.*\\.)?${escaped}$`;
}
