import { hostKind, tryParseHost } from '@paude/allowlist';
import type { AddressRanges } from '../address-ranges.ts';
import { parseAddressRange, uniteAddresses } from '../address-ranges.ts';
import type { Notes, Place } from '../imported.ts';
import { APEX, BELOW, EVERY_NAME, makeExpression, type NameEntry, NameSet, uniteNames } from '../name-set.ts';
import { type PortRanges, portRanges } from '../port-ranges.ts';
import { type Directive, fileValues, type SquidFiles } from './directives.ts';
import { translateExpression } from './posix-expression.ts';
import { squidError } from './squid-error.ts';

interface Addresses {
  readonly addresses: AddressRanges;
  /** A value that is none. */
  readonly unwritten: string | undefined;
}

/** An ACL: what its values, which are alternatives, say. */
export type Acl = {
  readonly name: string;
  readonly type: string;
  /** Where it is first defined. */
  readonly place: Place;
} & (
  | {
      readonly kind: 'names';
      readonly names: NameSet;
      /** Addresses that `dstdomain` names as such. */
      readonly addresses: AddressRanges;
      /** Whether squid looks up the name of an address that a client asks for. */
      readonly looksUp: boolean;
      readonly unwritten: string | undefined;
    }
  | ({ readonly kind: 'client' } & Addresses)
  | ({ readonly kind: 'target' } & Addresses)
  | { readonly kind: 'ports'; readonly ports: PortRanges }
  | { readonly kind: 'words'; readonly words: ReadonlySet<string> }
  /** squid's own pages, which no target has. */
  | { readonly kind: 'manager' }
  | { readonly kind: 'other' }
);

type Unplaced<Kind> = Kind extends Acl ? Omit<Kind, 'name' | 'type' | 'place'> : never;
type AclContent = Unplaced<Acl>;

const NO_ADDRESSES: AddressRanges = { 4: [], 6: [] };

/** What squid defines itself. */
const PREDEFINED = `
acl all src all
acl manager url_regex manager
acl localhost src 127.0.0.1/32 ::1
acl to_localhost dst 127.0.0.0/8 0.0.0.0/32 ::1/128 ::/128
acl to_linklocal dst 169.254.0.0/16 fe80::/10
acl CONNECT method CONNECT
`;

/** What the lines of an ACL say, not yet read. */
interface Written {
  readonly type: string;
  readonly place: Place;
  /** How many lines there are. */
  lines: number;
  readonly flags: string[];
  readonly values: Value[];
}

/** The ACLs of a configuration by name: as squid does, further lines for a name add values to it. */
export class Acls {
  readonly #written = new Map<string, Written>();
  readonly #acls = new Map<string, Acl>();
  readonly #files: SquidFiles;
  readonly #notes: Notes;

  constructor(files: SquidFiles, notes: Notes) {
    this.#files = files;
    this.#notes = notes;
    for (const line of PREDEFINED.trim().split('\n')) {
      const [, ...values] = line.split(' ');
      this.define({ name: 'acl', values, place: { file: 'squid', line: 0 } });
    }
  }

  /** @throws PaudeError `squid-invalid` where squid itself would refuse the line. */
  define({ values: [name, type, ...values], place }: Directive): void {
    if (name === undefined || type === undefined) {
      throw squidError(place, 'an acl has a name and a type', 'Complete it, or remove it');
    }
    const known = this.#written.get(name);
    if (known !== undefined && known.type !== type && known.place.line !== 0) {
      throw squidError(
        place,
        `acl ${name} is already of the type ${known.type}`,
        'Give one of the two another name',
      );
    }
    // Values of a predefined ACL of the same type are added to, as in squid; another type replaces it.
    const isMore = known !== undefined && known.type === type;
    const written = isMore ? known : { type, place, lines: 0, flags: [], values: [] };
    written.lines++;
    this.#collect(written, values, place);
    this.#written.set(name, written);
  }

  has(name: string): boolean {
    return this.#written.has(name);
  }

  /**
   * Reads all that was defined.
   *
   * @throws PaudeError `squid-invalid`.
   */
  read(): ReadonlyMap<string, Acl> {
    for (const [name, written] of this.#written) {
      const { type, place } = written;
      const isManager = name === 'manager' && place.line === 0;
      this.#acls.set(name, { name, type, place, ...(isManager ? { kind: 'manager' } : this.#read(written)) });
    }
    return this.#acls;
  }

  #read({ type, lines, flags, values }: Written): AclContent {
    const known = flags.every((flag) => /^(?:-n|-i|\+i|--)$/.test(flag));
    if (!known) return { kind: 'other' };
    switch (type) {
      case 'dstdomain':
        return { ...this.#domains(values), looksUp: flags.filter((flag) => flag === '-n').length < lines };
      case 'dstdom_regex':
        return { ...this.#expressions(values), looksUp: true };
      case 'src':
        return { kind: 'client', ...readAddresses(values) };
      case 'dst':
        return { kind: 'target', ...readAddresses(values) };
      case 'port':
        return {
          kind: 'ports',
          ports: portRanges(values.map(({ value, place }) => readPorts(value, place))),
        };
      case 'method':
      case 'proto':
        return { kind: 'words', words: new Set(values.map(({ value }) => value.toUpperCase())) };
      default:
        return { kind: 'other' };
    }
  }

  /** Adds the values of a line, with those of quoted files in their place. Among expressions -i and +i hold from there on. */
  #collect({ type, flags, values }: Written, written: readonly string[], place: Place): void {
    const isExpression = type === 'dstdom_regex';
    // Each line begins with regard to case again.
    if (isExpression && values.length > 0) values.push({ value: '+i', place });
    let isStart = true;
    for (const word of written) {
      const path = /^"(.*)"$/.exec(word)?.[1] ?? /^parameters\("(.*)"\)$/.exec(word)?.[1];
      if (path !== undefined) {
        for (const value of fileValues(this.#files.read(path, place), path)) values.push(value);
      } else if (
        /^(?:[-+][a-z]|-m=.*|--)$/.test(word) &&
        (isStart || (isExpression && /^[-+]i$/.test(word)))
      ) {
        flags.push(word);
        if (isExpression) values.push({ value: word, place });
        continue;
      } else values.push({ value: word, place });
      isStart = false;
    }
  }

  #domains(values: readonly Value[]): Omit<AclContent & { kind: 'names' }, 'looksUp'> {
    const names = new Map<string, NameEntry>();
    const literals: AddressRanges[] = [];
    for (const { value, place } of values) {
      const isDomain = value.startsWith('.');
      const host = tryParseHost(isDomain ? value.slice(1) : value);
      if (typeof host !== 'string') {
        const remedy = value.startsWith('*.')
          ? `Write ${value.slice(1)} if that was meant`
          : 'Correct it, or remove it';
        this.#notes.add('unread', place, `${value.slice(0, 100)} is no name, and matches no host`, remedy);
      } else if (hostKind(host) !== 'name') {
        literals.push(parseAddressRange(host) ?? NO_ADDRESSES);
      } else {
        const mask = isDomain ? APEX | BELOW : APEX;
        names.set(host, {
          mask: mask | (names.get(host)?.mask ?? 0),
          place: names.get(host)?.place ?? place,
        });
      }
    }
    return {
      kind: 'names',
      names: new NameSet(names),
      addresses: uniteAddresses(literals),
      unwritten: undefined,
    };
  }

  #expressions(values: readonly Value[]): Omit<AclContent & { kind: 'names' }, 'looksUp'> {
    let ignoreCase = false;
    const read: NameSet[] = [];
    let unwritten: string | undefined;
    for (const { value, place } of values) {
      if (/^[-+][a-z]$|^--$/.test(value)) {
        if (value.endsWith('i')) ignoreCase = value === '-i';
        continue;
      }
      const names = this.#expression(value, ignoreCase, place);
      if (typeof names === 'string') unwritten ??= `${value.slice(0, 100)} at line ${place.line}: ${names}`;
      else read.push(names);
    }
    return { kind: 'names', names: uniteNames(read), addresses: NO_ADDRESSES, unwritten };
  }

  /** The names that an expression matches, or why that cannot be said. */
  #expression(value: string, ignoreCase: boolean, place: Place): NameSet | string {
    const translated = translateExpression(value, ignoreCase);
    switch (translated.kind) {
      case 'every':
        return EVERY_NAME;
      case 'never':
        this.#notes.add(
          'unread',
          place,
          `${value.slice(0, 100)} matches no host, as hosts are lower case`,
          'Write -i in front',
        );
        return new NameSet();
      case 'unwritten':
        return translated.why;
      case 'name': {
        const mask = { exact: APEX, suffix: APEX | BELOW, subdomains: BELOW }[translated.form];
        const host = tryParseHost(translated.name);
        if (typeof host !== 'string' || hostKind(host) !== 'name') return 'it names no host';
        return new NameSet(new Map([[host, { mask, place }]]));
      }
      case 'expression': {
        const expression = makeExpression(translated.source, place);
        if (expression === undefined) return 'the pattern grammar refuses it';
        if (translated.isOpen) {
          const why = `${value.slice(0, 100)} has no end, and so matches names that go on behind it, as in example.com.evil.test`;
          this.#notes.add('wide', place, why, 'End it in $');
        }
        return new NameSet(undefined, new Map([[expression.pattern.source, expression]]));
      }
    }
  }
}

interface Value {
  readonly value: string;
  readonly place: Place;
}

function readAddresses(values: readonly Value[]): Addresses {
  const ranges: AddressRanges[] = [];
  let unwritten: string | undefined;
  for (const { value } of values) {
    const range = parseAddressRange(value);
    if (range === undefined) unwritten ??= `${value.slice(0, 100)} is looked up, or no range of addresses`;
    else ranges.push(range);
  }
  return { addresses: uniteAddresses(ranges), unwritten };
}

function readPorts(value: string, place: Place): readonly [number, number] {
  const range = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(value);
  if (range === null)
    throw squidError(
      place,
      `${value.slice(0, 100)} is no port`,
      'Write a port as in 443, or a range as in 8000-8010',
    );
  return [Number(range[1]), Number(range[2] ?? range[1])];
}
