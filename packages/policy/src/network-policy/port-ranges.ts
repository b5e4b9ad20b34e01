import type { PortSet } from '@paude/allowlist';

/** Ports from the first to the last, both counted. */
export type PortRange = readonly [first: number, last: number];

export const ALL_PORTS: PortRange = [1, 65_535];

/** A set of ports as sorted ranges that do not touch. */
export function portRanges(ports: PortSet, defaultPorts: readonly number[]): PortRange[] {
  if (ports === 'all') return [ALL_PORTS];
  return mergeRanges((ports === 'default' ? defaultPorts : ports).map((port): PortRange => [port, port]));
}

/** Ranges together, sorted; those that touch are one. */
export function mergeRanges(ranges: readonly PortRange[]): PortRange[] {
  const merged: [number, number][] = [];
  for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const before = merged.at(-1);
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

/** Ranges without those in `holes`. */
export function withoutRanges(ranges: readonly PortRange[], holes: readonly PortRange[]): PortRange[] {
  return holes.reduce<PortRange[]>(
    (left, [first, last]) =>
      left.flatMap(([from, to]): PortRange[] => [
        ...(from < first ? [[from, Math.min(to, first - 1)] as const] : []),
        ...(to > last ? [[Math.max(from, last + 1), to] as const] : []),
      ]),
    [...ranges],
  );
}

/** Whether two ranges share a port. */
export function rangesMeet(a: PortRange, b: PortRange): boolean {
  return a[0] <= b[1] && b[0] <= a[1];
}

/** `443`, `8000-8010`, or `every port`. */
export function formatRange([first, last]: PortRange): string {
  if (first === ALL_PORTS[0] && last === ALL_PORTS[1]) return 'every port';
  return first === last ? String(first) : `${first}-${last}`;
}
