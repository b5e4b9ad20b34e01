import type { Allowlist, PortSet } from '@paude/allowlist';

/** TCP ports: all of them, or a sorted list. */
export type Ports = 'all' | readonly number[];

/** A run of ports, both ends included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** The ports of a rule, with the allowlist's default ports written out. */
export function portsOf(ports: PortSet, { defaultPorts }: Allowlist): Ports {
  return ports === 'default' ? defaultPorts : ports;
}

/** The ports of either. */
export function joinPorts(a: Ports, b: Ports): Ports {
  if (a === 'all' || b === 'all') return 'all';
  return [...new Set([...a, ...b])].sort((x, y) => x - y);
}

/** Whether two sets of ports have one in common. */
export function portsMeet(a: Ports, b: Ports): boolean {
  if (a === 'all') return b === 'all' || b.length > 0;
  if (b === 'all') return a.length > 0;
  const others = new Set(b);
  return a.some((port) => others.has(port));
}

/** The ports of the first that are not in the second; undefined when that is neither a list nor all. */
export function withoutPorts(from: Ports, taken: Ports): Ports | undefined {
  if (taken === 'all') return [];
  if (from === 'all') return undefined;
  const gone = new Set(taken);
  return from.filter((port) => !gone.has(port));
}

/** A sorted list as runs of ports that follow one another. */
export function portRanges(ports: readonly number[]): PortRange[] {
  const ranges: { first: number; last: number }[] = [];
  for (const port of ports) {
    const current = ranges.at(-1);
    if (current !== undefined && current.last === port - 1) current.last = port;
    else ranges.push({ first: port, last: port });
  }
  return ranges;
}
