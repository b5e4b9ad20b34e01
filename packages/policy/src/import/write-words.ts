import { formatRule, parseWords } from '@paude/allowlist';
import type { Grant, Region } from './access-lines.ts';
import {
  type AddressRanges,
  addressPatterns,
  commonAddresses,
  EVERY_ADDRESS,
  isNoAddress,
  NO_ADDRESS,
  otherAddresses,
  uniteAddresses,
} from './address-ranges.ts';
import { deniedAtoms } from './denied-atoms.ts';
import type { ImportedEntry, Notes, Place } from './imported.ts';
import { APEX, BELOW, type Effort, type Expression, holds, meets, NameSet } from './name-set.ts';
import {
  commonPorts,
  describePorts,
  EVERY_PORT,
  exceptPorts,
  type PortRanges,
  portRanges,
  unitePorts,
  writePorts,
} from './port-ranges.ts';

/** More ranges of addresses than this are not written. */
const MAX_ADDRESS_PATTERNS = 1000;

const NO_PORTS: PortRanges = [];
const NO_NAMES = new NameSet();

/** Ports of a name itself and of all below it. */
interface NamePorts {
  apex: PortRanges;
  below: PortRanges;
  place: Place;
}

/** Patterns with their ports: of names in two halves, so that `.x`, `x` and `**.x` come out as they should. */
class PatternPorts {
  readonly names = new Map<string, NamePorts>();
  readonly expressions = new Map<string, { ports: PortRanges; expression: Expression }>();

  add(set: NameSet, ports: PortRanges): void {
    for (const [name, { mask, place }] of set.names) this.addName(name, mask, { ports, place });
    for (const expression of set.expressions.values()) this.addExpression(expression, ports);
  }

  addName(name: string, mask: number, { ports, place }: { ports: PortRanges; place: Place }): void {
    const known = this.names.get(name) ?? { apex: NO_PORTS, below: NO_PORTS, place };
    if ((mask & APEX) !== 0) known.apex = unitePorts(known.apex, ports);
    if ((mask & BELOW) !== 0) known.below = unitePorts(known.below, ports);
    this.names.set(name, known);
  }

  addExpression(expression: Expression, ports: PortRanges): void {
    const { source } = expression.pattern;
    const known = this.expressions.get(source);
    if (known === undefined) this.expressions.set(source, { ports, expression });
    else known.ports = unitePorts(known.ports, ports);
  }

  /** Each pattern with its ports; what a wider one has already is left out. */
  *patterns(isDeny: boolean): Generator<PatternAtPorts> {
    for (const [name, { apex, below, place }] of this.names) {
      const above = this.#above(name);
      const [own, under] = [uncovered(apex, above), uncovered(below, above)];
      const parts = samePorts(own, under)
        ? [{ mask: APEX | BELOW, ports: own }]
        : [
            { mask: APEX, ports: own },
            { mask: BELOW, ports: under },
          ];
      for (const { mask, ports } of parts) {
        if (ports.length === 0) continue;
        const names = new NameSet(new Map([[name, { mask, place }]]));
        yield { pattern: domainPattern(name, mask, isDeny), names, ports, place };
      }
    }
    for (const [source, { expression, ports }] of this.expressions) {
      const names = new NameSet(undefined, new Map([[source, expression]]));
      yield { pattern: `~${source}`, names, ports, place: expression.place };
    }
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

/** Names as a pattern, with the ports that it is for. */
interface PatternAtPorts {
  readonly pattern: string;
  readonly names: NameSet;
  readonly ports: PortRanges;
  readonly place: Place;
}

/** Writes words that allow what the grants do, and never more. */
export function writeWords(grants: readonly Grant[], notes: Notes, context: WriteContext): ImportedEntry[] {
  return new WordWriter(grants, notes, context).write();
}

/** What the writing of words needs beside the notes. */
interface WriteContext {
  readonly effort: Effort;
  /** What is imported, for words that no line of it stands for. */
  readonly source: Place;
}

/** A pattern to allow, and whether nothing of it is allowed at some ports; `all` when that is left out. */
interface AllowedPattern {
  readonly pattern: string;
  readonly isFree?: (ports: PortRanges) => boolean;
}

const ALL: AllowedPattern = { pattern: 'all' };

class WordWriter {
  readonly #notes: Notes;
  readonly #effort: Effort;
  readonly #source: Place;
  readonly #entries = new Map<string, ImportedEntry>();
  /** All ports at which anything is allowed: a deny of all these needs no ports. */
  readonly #granted: PortRanges;
  readonly #grants: readonly Grant[];

  constructor(grants: readonly Grant[], notes: Notes, { effort, source }: WriteContext) {
    this.#grants = grants;
    this.#granted = grants.map(({ ports }) => ports).reduce(unitePorts, NO_PORTS);
    this.#notes = notes;
    this.#effort = effort;
    this.#source = source;
  }

  write(): ImportedEntry[] {
    const grants = this.#grants;
    const named = new PatternPorts();
    let every: { ports: PortRanges; place: Place } | undefined;
    for (const { region, ports, place } of grants) {
      if (region.kind !== 'names') continue;
      if (region.names.isEvery)
        every = { ports: unitePorts(every?.ports ?? NO_PORTS, ports), place: every?.place ?? place };
      else named.add(region.names, ports);
    }
    const everyWritten = every === undefined ? NO_PORTS : this.#allow(ALL, every.ports, every.place);
    for (const { pattern, names, ports, place } of named.patterns(false)) {
      const isFree = (free: PortRanges) => !this.#isGranted({ kind: 'names', names, denied: NO_NAMES }, free);
      this.#allow({ pattern, isFree }, uncovered(ports, everyWritten), place);
    }
    const denied = new PatternPorts();
    for (const atom of deniedAtoms(grants, this.#effort, this.#notes)) {
      if (atom.kind === 'name') denied.addName(atom.name, atom.mask, atom);
      else denied.addExpression(atom.expression, atom.ports);
    }
    for (const { pattern, names, ports, place } of denied.patterns(true)) {
      const region: Region = { kind: 'names', names, denied: NO_NAMES };
      const isAllowedElsewhere = this.#isGranted(region, exceptPorts(EVERY_PORT, ports));
      this.#deny(pattern, isAllowedElsewhere ? ports : EVERY_PORT, place);
    }
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
    const isFree = (free: PortRanges) => !this.#isGranted({ kind: 'addresses', addresses }, free);
    for (const pattern of patterns) this.#allow({ pattern, isFree }, ports, place);
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
  #allow({ pattern, isFree }: AllowedPattern, ports: PortRanges, place: Place): PortRanges {
    if (ports.length === 0) return NO_PORTS;
    const mayDeny = isFree ?? ((free: PortRanges) => commonPorts(free, this.#granted).length === 0);
    const { tails, except, lost } = writePorts(ports, mayDeny);
    if (lost.length > 0) {
      const why = `ports ${describePorts(lost)} are left out, because so many cannot be written`;
      this.#notes.add('narrowed', place, why, 'Add the ports that are needed, as in host:8443');
    }
    for (const tail of tails) {
      // Behind `all` nothing means every port, behind anything else 80 and 443.
      const own = isFree !== undefined ? tail : tail === ':*' ? '' : tail === '' ? ':{80,443}' : tail;
      this.#add(`${pattern}${own}`, place);
    }
    if (except.length > 0) this.#deny(pattern, except, place);
    return exceptPorts(ports, lost);
  }

  #deny(pattern: string, ports: PortRanges, place: Place): void {
    if (ports.length === 0) return;
    const isEveryPort = exceptPorts(this.#granted, ports).length === 0;
    const { tails, lost } = writePorts(ports, () => false);
    if (isEveryPort || lost.length > 0) {
      if (!isEveryPort) {
        const why = `${pattern} is denied at every port, because its ports are too many to write`;
        this.#notes.add('narrowed', place, why, 'Name the ports that are needed');
      }
      this.#add(`!${pattern}`, place);
      return;
    }
    for (const tail of tails) this.#add(`!${pattern}${tail === '' ? ':{80,443}' : tail}`, place);
  }

  /** Whether any of a region is allowed at any of the ports. */
  #isGranted(region: Region, ports: PortRanges): boolean {
    return this.#grants.some(
      (grant) => commonPorts(grant.ports, ports).length > 0 && this.#meets(grant.region, region),
    );
  }

  #meets(a: Region, b: Region): boolean {
    if (a.kind === 'names') {
      return b.kind === 'names' && meets(a.names, b.names, this.#effort) && !holds(a.denied, b.names);
    }
    return b.kind === 'addresses' && !isNoAddress(commonAddresses(a.addresses, b.addresses));
  }

  #add(word: string, { file, line }: Place): void {
    // Written with ranges of ports, which the canonical word writes out; parsing checks it.
    const key = parseWords([word]).rules.map(formatRule).join(' ');
    if (!this.#entries.has(key)) this.#entries.set(key, { word, file, line });
  }
}

interface AddressGroup {
  readonly addresses: AddressRanges;
  readonly ports: PortRanges;
  readonly place: Place;
}

/** Grants of addresses, disjoint in their ports. */
function addressGroups(grants: readonly Grant[]): AddressGroup[] {
  const own = byAddresses(
    grants.map(({ region, ports, place }) => ({ addresses: addressesOf(region), ports, place })),
  ).filter(({ addresses }) => !isNoAddress(addresses));
  // Mostly they are the same addresses for plain requests and for CONNECT.
  if (own.length <= 1) return own;
  const edges = [...new Set(own.flatMap(({ ports }) => ports.flatMap(([first, last]) => [first, last + 1])))];
  edges.sort((a, b) => a - b);
  const cells = edges.flatMap((first, index): AddressGroup[] => {
    const ports: PortRanges = [[first, (edges[index + 1] ?? 65536) - 1]];
    const here = own.filter((group) => commonPorts(group.ports, ports).length > 0);
    const place = here[0]?.place;
    if (place === undefined) return [];
    return [{ addresses: uniteAddresses(here.map(({ addresses }) => addresses)), ports, place }];
  });
  return byAddresses(cells);
}

/** Groups of the same addresses as one, with the ports of all. */
function byAddresses(groups: readonly AddressGroup[]): AddressGroup[] {
  const same = Map.groupBy(groups, ({ addresses }) =>
    [addresses[4], addresses[6]].map((ranges) => ranges.join(';')).join('|'),
  );
  return [...same.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    return [{ ...first, ports: portRanges([first, ...others].flatMap(({ ports }) => ports)) }];
  });
}

function addressesOf(region: Region): AddressRanges {
  return region.kind === 'addresses' ? region.addresses : NO_ADDRESS;
}

/** Ports that are not wholly covered stay as they are, so that they can be written well. */
function uncovered(ports: PortRanges, covered: PortRanges): PortRanges {
  return exceptPorts(ports, covered).length === 0 ? NO_PORTS : ports;
}

function samePorts(a: PortRanges, b: PortRanges): boolean {
  return a.join(';') === b.join(';');
}

/** A name with one label has no `.x` in the pattern grammar but in a deny, because it is nearly always a mistake. */
function domainPattern(name: string, mask: number, isDeny: boolean): string {
  if (name.includes('.') || (isDeny && mask !== APEX))
    return mask === APEX ? name : mask === BELOW ? `**.${name}` : `.${name}`;
  const escaped = name.replaceAll('-', '\\-');
  return mask === APEX ? `${name}.` : mask === BELOW ? `~^.*\\.${escaped}$` : `~^(?:.*\\.)?${escaped}$`;
}
