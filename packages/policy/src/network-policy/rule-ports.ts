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

/** The rules that a range of ports came from: `from api.example.com, .example.org and 12 more`. */
export function rulesOf(range: PortRange, rules: readonly Rule[], { defaultPorts }: ActiveRules): string {
  const meets = new Map<string, boolean>();
  const from = rules.filter(({ ports }) => {
    const key = String(ports);
    const known = meets.get(key) ?? portRanges(ports, defaultPorts).some((other) => rangesMeet(range, other));
    meets.set(key, known);
    return known;
  });
  return namesOf(from);
}

/** Rules by name, the first few of them. */
export function namesOf(rules: readonly Rule[]): string {
  const texts = [...new Set(rules.map(({ text }) => text))];
  const shown = texts
    .slice(0, SHOWN_RULES)
    .map((text) => (text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text));
  const more = texts.length - shown.length;
  return `from ${shown.join(', ')}${more === 0 ? '' : ` and ${more} more`}`;
}
