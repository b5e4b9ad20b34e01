import type { Allowlist, PortSet, Rule } from '@paude/allowlist';
import { mergeRanges, type PortRange, portRanges, rangesMeet, withoutRanges } from './port-ranges.ts';

/** The rules that count at a moment, and the ports that a deny of everything closes. */
export interface ActiveRules {
  readonly allows: readonly Rule[];
  readonly denies: readonly Rule[];
  /** Ports of denies that match every host. */
  readonly closed: readonly PortRange[];
  readonly defaultPorts: readonly number[];
}

/** Leaves out what has expired. */
export function activeRules(allowlist: Allowlist, atMs: number): ActiveRules {
  const { defaultPorts } = allowlist;
  const rules = allowlist.rules.filter(({ expiresAtMs }) => expiresAtMs === undefined || expiresAtMs > atMs);
  const denies = rules.filter(({ effect }) => effect === 'deny');
  const closed = mergeRanges(
    denies
      .filter(({ pattern }) => pattern.kind === 'any')
      .flatMap(({ ports }) => portRanges(ports, defaultPorts)),
  );
  const allows = rules.filter(
    ({ effect, ports }) =>
      effect === 'allow' && withoutRanges(portRanges(ports, defaultPorts), closed).length > 0,
  );
  return { allows, denies, closed, defaultPorts };
}

/** The ports of rules together, less those that are closed. */
export function portsOf(rules: readonly Rule[], { closed, defaultPorts }: ActiveRules): PortRange[] {
  const sets = new Map(rules.map(({ ports }): [string, PortSet] => [String(ports), ports]));
  return withoutRanges(
    mergeRanges([...sets.values()].flatMap((ports) => portRanges(ports, defaultPorts))),
    closed,
  );
}

const SHOWN_RULES = 4;
const SHOWN_CHARACTERS = 80;

/** Rules of the same ports, and where they stand. */
export interface PortGroup {
  readonly ranges: readonly PortRange[];
  /** By text: a rule that stands there twice is one. */
  readonly places: ReadonlyMap<string, number>;
}

/** Rules by their ports: there are many rules, and few sets of ports. */
export function portGroups(rules: readonly Rule[], { defaultPorts }: ActiveRules): readonly PortGroup[] {
  const groups = new Map<string, { ranges: PortRange[]; places: Map<string, number> }>();
  rules.forEach(({ ports, text }, place) => {
    const key = String(ports);
    const group = groups.get(key) ?? { ranges: portRanges(ports, defaultPorts), places: new Map() };
    if (!group.places.has(text)) group.places.set(text, place);
    groups.set(key, group);
  });
  return [...groups.values()];
}

/** The rules that a range of ports came from: `from api.example.com, .example.org and 12 more`. */
export function rulesOf(range: PortRange, groups: readonly PortGroup[]): string {
  const meeting = groups.filter(({ ranges }) => ranges.some((other) => rangesMeet(range, other)));
  // The first few of all are among the first few of each.
  const first = meeting.flatMap(({ places }) => [...places.entries().take(SHOWN_RULES)]);
  const texts = first.sort(([, a], [, b]) => a - b).map(([text]) => text);
  return shownRules(
    texts,
    meeting.reduce((sum, { places }) => sum + places.size, 0),
  );
}

/** Rules by name, the first few of them. */
export function namesOf(rules: readonly Rule[]): string {
  const texts = [...new Set(rules.map(({ text }) => text))];
  return shownRules(texts, texts.length);
}

function shownRules(texts: readonly string[], count: number): string {
  const shown = texts
    .slice(0, SHOWN_RULES)
    .map((text) => (text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text));
  const more = count - shown.length;
  return `from ${shown.join(', ')}${more === 0 ? '' : ` and ${more} more`}`;
}
