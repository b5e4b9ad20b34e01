import type { Grant, Region } from './access-lines.ts';
import type { Notes, Place } from './imported.ts';
import { APEX, BELOW, type Effort, type Expression, holds, meets, NameSet } from './name-set.ts';
import { commonPorts, exceptPorts, type PortRanges } from './port-ranges.ts';

/** One thing to deny at ports: a name, all below a name, or what an expression matches. */
export type DeniedAtom = { readonly ports: PortRanges; readonly place: Place } & (
  | { readonly kind: 'name'; readonly name: string; readonly mask: typeof APEX | typeof BELOW }
  | { readonly kind: 'expression'; readonly expression: Expression }
);

type Names = Region & { readonly kind: 'names' };

/**
 * What has to be denied so that the grants come out as they are: a deny wins over every allow, so it must not touch what
 * another grant allows. Where it does in part, that part is lost, and a note says so.
 */
export function* deniedAtoms(grants: readonly Grant[], effort: Effort, notes: Notes): Generator<DeniedAtom> {
  const named = grants.flatMap(({ region, ports, place }) =>
    region.kind === 'names' ? [{ region, ports, place }] : [],
  );
  for (const grant of named) {
    const others = named.filter(
      (other) => other !== grant && commonPorts(other.ports, grant.ports).length > 0,
    );
    const { denied } = grant.region;
    for (const [name, { mask, place }] of denied.names) {
      for (const half of [APEX, BELOW] as const) {
        if ((mask & half) === 0) continue;
        const atom = new NameSet(new Map([[name, { mask: half, place }]]));
        const ports = portsLeft(atom, grant.ports, { others, effort, notes, place, text: name });
        if (ports.length > 0) yield { kind: 'name', name, mask: half, ports, place };
      }
    }
    for (const [source, expression] of denied.expressions) {
      const { place } = expression;
      const atom = new NameSet(undefined, new Map([[source, expression]]));
      const ports = portsLeft(atom, grant.ports, { others, effort, notes, place, text: `~${source}` });
      if (ports.length > 0) yield { kind: 'expression', expression, ports, place };
    }
  }
}

interface Rest {
  readonly others: readonly { readonly region: Names; readonly ports: PortRanges; readonly place: Place }[];
  readonly effort: Effort;
  readonly notes: Notes;
  readonly place: Place;
  readonly text: string;
}

/** The ports at which an atom is to be denied: not those at which another grant allows all of it. */
function portsLeft(
  atom: NameSet,
  ports: PortRanges,
  { others, effort, notes, place, text }: Rest,
): PortRanges {
  let left = ports;
  const partial: (typeof others)[number][] = [];
  for (const other of others) {
    const { names, denied } = other.region;
    if (commonPorts(other.ports, left).length === 0) continue;
    if (!meets(names, atom, effort) || holds(denied, atom)) continue;
    if (holds(names, atom) && !meets(denied, atom, effort)) left = exceptPorts(left, other.ports);
    else partial.push(other);
  }
  for (const other of partial) {
    if (commonPorts(other.ports, left).length === 0) continue;
    const why = `a deny always wins here, so ${text} takes back some of what line ${other.place.line} allows before it`;
    notes.add('narrowed', place, why, 'Name the hosts to deny more narrowly, or drop the deny');
  }
  return left;
}
