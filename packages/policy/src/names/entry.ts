import { formatPattern, type Pattern, type Rule } from '@paude/allowlist';
import { joinPorts, type Ports } from './ports.ts';

/** A pattern that a kind can say, at its ports, and the rule that it comes from. */
export interface Atom {
  readonly rule: Rule;
  readonly pattern: Pattern;
  readonly ports: Ports;
}

/** What becomes one entry of an object: equal patterns of several rules are one, with the ports of all. */
export interface Entry {
  readonly pattern: Pattern;
  readonly ports: Ports;
  readonly rules: readonly Rule[];
}

/** How many rules a comment names. */
const MAX_NAMED = 4;

/** How much of a rule is shown: one with many ports is long. */
const MAX_SHOWN = 100;

/** Atoms as entries, each pattern once, sorted by it. */
export function entriesOf(atoms: readonly Atom[]): readonly Entry[] {
  const entries = new Map<string, Entry>();
  for (const { rule, pattern, ports } of atoms) {
    const key = formatPattern(pattern);
    const known = entries.get(key);
    if (known === undefined) entries.set(key, { pattern, ports, rules: [rule] });
    else {
      const rules = known.rules.includes(rule) ? known.rules : [...known.rules, rule];
      entries.set(key, { pattern, ports: joinPorts(known.ports, ports), rules });
    }
  }
  return [...entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
}

/** The comment that stands above an entry: which rules it comes from. */
export function entryComment(rules: readonly Rule[]): string {
  const named = [...new Set(rules.map(ruleName))];
  const rest = named.length - MAX_NAMED;
  return `from ${named.slice(0, MAX_NAMED).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function ruleName({ text, source }: Rule): string {
  const shown = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
  return source.alias === undefined ? shown : `${shown} (${source.alias})`;
}
