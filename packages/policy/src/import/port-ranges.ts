/** TCP ports as ranges, first and last port, sorted, neither touching nor overlapping. */
export type PortRanges = readonly (readonly [first: number, last: number])[];

export const EVERY_PORT: PortRanges = [[1, 65535]];

/** More ports are not written as lists. */
const MAX_LISTED_PORTS = 3000;

/** One word takes a thousand ports and two thousand characters. */
const PORTS_PER_WORD = 900;
const RANGES_PER_WORD = 100;

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

/** Ports in the pattern grammar. */
export interface WrittenPorts {
  /** What to write behind a pattern: nothing for 80 and 443, `:*`, or lists, one for each word. */
  readonly tails: readonly string[];
  /** Ports that have to be denied behind `:*`. */
  readonly except: PortRanges;
  /** Ports that could not be written, the largest ranges. */
  readonly lost: PortRanges;
}

/** Writes ports; `mayDeny` says whether some may be denied to write the others as `:*`. */
export function writePorts(ranges: PortRanges, mayDeny: (ports: PortRanges) => boolean): WrittenPorts {
  const others = complement(ranges);
  if (others.length === 0) return { tails: [':*'], except: [], lost: [] };
  if (countPorts(ranges) <= MAX_LISTED_PORTS) return { tails: listTails(ranges), except: [], lost: [] };
  if (countPorts(others) <= MAX_LISTED_PORTS && mayDeny(others))
    return { tails: [':*'], except: others, lost: [] };
  const bySize = [...ranges].sort((a, b) => a[1] - a[0] - (b[1] - b[0]) || a[0] - b[0]);
  let room = MAX_LISTED_PORTS;
  const kept: (readonly [number, number])[] = [];
  for (const range of bySize) {
    room -= range[1] - range[0] + 1;
    if (room < 0) break;
    kept.push(range);
  }
  const written = portRanges(kept);
  return { tails: listTails(written), except: [], lost: exceptPorts(ranges, written) };
}

/** Lists of ports that a word takes each, as in `:443`, `:{443,8000..8010}`; 80 and 443 alone are nothing. */
function listTails(ranges: PortRanges): string[] {
  const tails: string[] = [];
  let items: string[] = [];
  let room = PORTS_PER_WORD;
  const finish = () => {
    const [only = '', ...more] = items;
    if (only !== '')
      tails.push(more.length > 0 || only.includes('..') ? `:{${items.join(',')}}` : `:${only}`);
    items = [];
    room = PORTS_PER_WORD;
  };
  for (const [first, last] of ranges) {
    for (let from = first; from <= last; ) {
      if (room === 0 || items.length === RANGES_PER_WORD) finish();
      const to = Math.min(last, from + room - 1);
      items.push(from === to ? `${from}` : `${from}..${to}`);
      room -= to - from + 1;
      from = to + 1;
    }
  }
  finish();
  return tails.length === 1 && tails[0] === ':{80,443}' ? [''] : tails;
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
