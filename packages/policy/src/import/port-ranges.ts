/** TCP ports as ranges, first and last port, sorted, neither touching nor overlapping. */
export type PortRanges = readonly (readonly [first: number, last: number])[];

export const EVERY_PORT: PortRanges = [[1, 65535]];

/** More ports are not written one by one: the pattern grammar takes a thousand. */
const MAX_WRITTEN_PORTS = 1000;

/** Longer lists make a word that the pattern grammar refuses. */
const MAX_WRITTEN_RANGES = 100;

/** Ranges in any order as ranges in order; ports that do not exist are left out. */
export function portRanges(ranges: Iterable<readonly [number, number]>): PortRanges {
  const sorted = [...ranges]
    .map(([first, last]): [number, number] => [Math.max(1, first), Math.min(65535, last)])
    .filter(([first, last]) => first <= last)
    .sort((a, b) => a[0] - b[0]);
  const merged: [number, number][] = [];
  for (const [first, last] of sorted) {
    const before = merged.at(-1);
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

export function unitePorts(a: PortRanges, b: PortRanges): PortRanges {
  return portRanges([...a, ...b]);
}

export function exceptPorts(a: PortRanges, b: PortRanges): PortRanges {
  return commonPorts(a, complement(b));
}

export function commonPorts(a: PortRanges, b: PortRanges): PortRanges {
  const common: [number, number][] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const [firstA, lastA] = a[i] ?? [0, 0];
    const [firstB, lastB] = b[j] ?? [0, 0];
    const first = Math.max(firstA, firstB);
    const last = Math.min(lastA, lastB);
    if (first <= last) common.push([first, last]);
    if (lastA < lastB) i++;
    else j++;
  }
  return common;
}

/** `21, 1025-65535`: for messages. */
export function describePorts(ranges: PortRanges): string {
  const shown = ranges.slice(0, 5).map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`));
  return `${shown.join(', ')}${ranges.length > 5 ? ', …' : ''}`;
}

/** What to write behind a pattern, and the ports that cannot be written, the largest ranges. */
export interface WrittenPorts {
  readonly text: string;
  readonly written: PortRanges;
  readonly lost: PortRanges;
}

/** Ports in the pattern grammar: nothing for 80 and 443, `:*` for all, else a list. */
export function writePorts(ranges: PortRanges): WrittenPorts {
  if (countPorts(ranges) === 65535) return { text: ':*', written: ranges, lost: [] };
  const bySize = [...ranges].sort((a, b) => a[1] - a[0] - (b[1] - b[0]) || a[0] - b[0]);
  let room = MAX_WRITTEN_PORTS - 1;
  const kept: (readonly [number, number])[] = [];
  for (const range of bySize) {
    const size = range[1] - range[0] + 1;
    if (size > room || kept.length === MAX_WRITTEN_RANGES) break;
    kept.push(range);
    room -= size;
  }
  const written = portRanges(kept);
  const lost = exceptPorts(ranges, written);
  const items = written.map(([first, last]) => (first === last ? `${first}` : `${first}..${last}`));
  const text = items.length === 1 && !items[0]?.includes('..') ? `:${items[0]}` : `:{${items.join(',')}}`;
  return { text: text === ':{80,443}' ? '' : text, written, lost };
}

function countPorts(ranges: PortRanges): number {
  return ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

function complement(ranges: PortRanges): PortRanges {
  const gaps: [number, number][] = [];
  let next = 1;
  for (const [first, last] of ranges) {
    if (first > next) gaps.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= 65535) gaps.push([next, 65535]);
  return gaps;
}
