import { PaudeError } from '@paude/errors';
import { type AddressRanges, commonAddresses, isNoAddress, otherAddresses } from './address-ranges.ts';
import type { Notes, Place } from './imported.ts';
import { commonNames, type Effort, exceptNames, type NameSet, overlapping } from './name-set.ts';
import { commonPorts, exceptPorts, type PortRanges } from './port-ranges.ts';

/** What one condition of a line says about the hosts of one kind (names, or addresses) and about ports. */
export type Term =
  | { readonly kind: 'ports'; readonly ports: PortRanges }
  /** `unwritten`: why some of the set's values are not in it. */
  | {
      readonly kind: 'names';
      readonly names: NameSet;
      readonly negated: boolean;
      readonly unwritten?: string | undefined;
    }
  | { readonly kind: 'addresses'; readonly addresses: AddressRanges }
  /** It holds for no request that counts here. */
  | { readonly kind: 'never' }
  /** Whether it holds depends on what an allowlist does not know. `plainFor`: where this needs no saying. */
  | { readonly kind: 'unknown'; readonly why: string; readonly plainFor?: 'allow' | 'deny' };

/** One line of a list in which the first line that matches decides. All its terms must hold. */
export interface AccessLine {
  readonly effect: 'allow' | 'deny';
  readonly place: Place;
  readonly terms: readonly Term[];
}

/** Hosts of one kind: names but those denied, or addresses. */
export type Region =
  | { readonly kind: 'names'; readonly names: NameSet; readonly denied: NameSet }
  | { readonly kind: 'addresses'; readonly addresses: AddressRanges };

/** Hosts that are allowed at ports. */
export interface Grant {
  readonly region: Region;
  readonly ports: PortRanges;
  readonly place: Place;
}

/** More parts than this, and the lines are beyond what is worth unravelling. */
const MAX_PARTS = 2000;

const NARROW_REMEDY = 'Add by hand what is missing';

/**
 * What a list of lines allows of `start`, where the first match decides; never more. What cannot be told is taken as the
 * narrower: an allow as not matching, a deny as matching.
 *
 * @throws PaudeError `import-too-complex`.
 */
export function grantsOf(
  lines: readonly AccessLine[],
  start: Omit<Grant, 'place'>,
  context: { readonly notes: Notes; readonly effort: Effort },
): Grant[] {
  const denies: AccessLine[] = [];
  const grants: Grant[] = [];
  const narrowing = new Narrowing(context.notes, context.effort);
  for (const line of lines) {
    if (line.effect === 'deny') {
      denies.push(line);
      continue;
    }
    let parts: Grant[] = [{ ...start, place: line.place }];
    for (const term of line.terms) parts = parts.flatMap((part) => narrowing.keep(part, term, line.place));
    for (const deny of denies) {
      parts = parts.flatMap((part) => narrowing.subtract(part, deny));
      if (parts.length + grants.length > MAX_PARTS) throw tooComplex(line.place);
    }
    grants.push(...parts);
  }
  return grants;
}

class Narrowing {
  readonly #notes: Notes;
  readonly #effort: Effort;

  constructor(notes: Notes, effort: Effort) {
    this.#notes = notes;
    this.#effort = effort;
  }

  /** The part for which the term holds. */
  keep(part: Grant, term: Term, place: Place): Grant[] {
    const { region } = part;
    switch (term.kind) {
      case 'never':
        return [];
      case 'unknown':
        if (term.plainFor !== 'allow') {
          this.#notes.add('narrowed', place, `the allow is left out: ${term.why}`, NARROW_REMEDY);
        }
        return [];
      case 'ports': {
        const ports = commonPorts(part.ports, term.ports);
        return ports.length === 0 ? [] : [{ ...part, ports }];
      }
      case 'addresses': {
        if (region.kind !== 'addresses') return [];
        const addresses = commonAddresses(region.addresses, term.addresses);
        return isNoAddress(addresses) ? [] : [{ ...part, region: { kind: 'addresses', addresses } }];
      }
      case 'names':
        if (region.kind !== 'names') return [];
        return term.negated ? this.#without(part, term, place) : this.#within(part, region, term, place);
    }
  }

  /** The part that a deny leaves. */
  subtract(part: Grant, { terms, place }: AccessLine): Grant[] {
    if (terms.some(({ kind }) => kind === 'never')) return [part];
    let inside = part.ports;
    for (const term of terms) if (term.kind === 'ports') inside = commonPorts(inside, term.ports);
    if (inside.length === 0) return [part];
    const outside = exceptPorts(part.ports, inside);
    const left: Grant[] = outside.length === 0 ? [] : [{ ...part, ports: outside }];
    for (const term of terms) {
      if (term.kind === 'names') {
        left.push(...this.keep({ ...part, ports: inside }, { ...term, negated: !term.negated }, place));
      } else if (term.kind === 'addresses') {
        const others = { ...term, addresses: otherAddresses(term.addresses) };
        left.push(...this.keep({ ...part, ports: inside }, others, place));
      } else if (term.kind === 'unknown' && term.plainFor !== 'deny') {
        this.#notes.add('narrowed', place, `the deny is taken to hold: ${term.why}`, NARROW_REMEDY);
      }
    }
    return left;
  }

  #within(
    part: Grant,
    region: Region & { kind: 'names' },
    term: Term & { kind: 'names' },
    place: Place,
  ): Grant[] {
    const { names, isExact } = commonNames(region.names, term.names, this.#effort);
    if (term.unwritten !== undefined) {
      this.#notes.add('narrowed', place, `some values are left out: ${term.unwritten}`, NARROW_REMEDY);
    }
    if (!isExact) {
      const why = 'what two conditions have in common cannot be written as a pattern, and is left out';
      this.#notes.add('narrowed', place, why, NARROW_REMEDY);
    }
    if (names.isEmpty) return [];
    const denied = overlapping(region.denied, names, this.#effort);
    return [{ ...part, region: { kind: 'names', names, denied } }];
  }

  #without(part: Grant, term: Term & { kind: 'names' }, place: Place): Grant[] {
    const { region } = part;
    if (region.kind !== 'names') return [];
    if (term.unwritten !== undefined) {
      const why = `every name is taken to be denied here: ${term.unwritten}`;
      this.#notes.add('narrowed', place, why, NARROW_REMEDY);
      return [];
    }
    const { left, denied } = exceptNames(region.names, term.names, this.#effort);
    if (left.isEmpty) return [];
    // Of what was denied before, only what meets the rest still counts.
    const before = overlapping(region.denied, left, this.#effort);
    return [{ ...part, region: { kind: 'names', names: left, denied: before.with(denied) } }];
  }
}

function tooComplex({ file, line }: Place): PaudeError {
  return new PaudeError('import-too-complex', {
    action: 'import the rules',
    input: `${file}:${line}`,
    why: `they fall into more than ${MAX_PARTS} parts of hosts and ports`,
    remedy: 'Import a simpler file, with fewer denies that name several conditions',
  });
}
