import type { Entry } from './entry.ts';
import { type PortRange, type Ports, portRanges } from './ports.ts';

/** Entries by their ports, in the order of these; within a group in their own. */
export function groupByPorts(
  entries: readonly Entry[],
): readonly (readonly [ports: Ports, entries: readonly Entry[]])[] {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const key =
      entry.ports === 'all' ? 'all' : entry.ports.map((port) => String(port).padStart(5, '0')).join();
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [entry]);
    else group.push(entry);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => [group[0]?.ports ?? [], group]);
}

/** Ports as runs; every TCP port is one run. */
export function rangesOf(ports: Ports): readonly PortRange[] {
  return ports === 'all' ? [{ first: 1, last: 65535 }] : portRanges(ports);
}

/** The ports of a rule as `networking.k8s.io` writes them: TCP alone, `endPort` for runs, no port for all of them. */
export function networkPolicyPorts(ports: Ports): readonly Readonly<Record<string, unknown>>[] {
  if (ports === 'all') return [{ protocol: 'TCP' }];
  return portRanges(ports).map(({ first, last }) =>
    first === last ? { protocol: 'TCP', port: first } : { protocol: 'TCP', port: first, endPort: last },
  );
}

/** A list in parts of at most so many. */
export function inParts<Item>(list: readonly Item[], size: number): readonly (readonly Item[])[] {
  const parts: (readonly Item[])[] = [];
  for (let at = 0; at < list.length; at += size) parts.push(list.slice(at, at + size));
  return parts;
}
