import type { Remarks } from './diagnose.ts';
import type { Entry } from './entry.ts';

/** An object that would be larger than its kind may be. */
export interface OverBudget {
  /** What it would have, and what it may: one clause. */
  readonly message: string;
  readonly entries: readonly Entry[];
  /** Whether a wildcard could stand for several names. */
  readonly wildcards: boolean;
  /** A way out that the kind itself has. */
  readonly otherwise?: string;
}

/** Refuses an object for its size, with a plan: which names one wildcard could stand for, and what else to do. */
export function refuseBudget(remarks: Remarks, { message, entries, wildcards, otherwise }: OverBudget): void {
  const siblings = wildcards ? largestFamilies(entries) : [];
  const fold = siblings.length === 0 ? '' : `Allow ${siblings.join(', ')} as wildcards; or l`;
  remarks.add({
    what: 'budget',
    effect: 'inexpressible',
    severity: 'error',
    message,
    remedy: `${fold === '' ? 'L' : fold}eave names to the proxy and let this object allow the proxy's ports alone${
      otherwise === undefined ? '' : `; or ${otherwise}`
    }`,
  });
}

/** The domains with the most names right below them, as wildcards. */
function largestFamilies(entries: readonly Entry[]): string[] {
  const counts = new Map<string, number>();
  for (const { pattern } of entries) {
    if (pattern.kind !== 'exact') continue;
    const parent = pattern.name.slice(pattern.name.indexOf('.') + 1);
    if (parent.includes('.')) counts.set(parent, (counts.get(parent) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, count]) => count > 1)
    .sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1))
    .slice(0, 5)
    .map(([parent, count]) => `*.${parent} (${count} names)`);
}
