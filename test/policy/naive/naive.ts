import type { KubernetesObject } from '@paude/policy';

/**
 * What is asked of a naive evaluator: a packet over TCP to a name, which has an address of the public Internet that no
 * range of the tests holds, or to an address that no name was looked up for.
 */
export interface NaiveTarget {
  readonly host: string;
  readonly port: number;
  /** The families that pods have. */
  readonly families: readonly (4 | 6)[];
}

/** Says what objects of one kind let pass, in the plainest way, and shares nothing with the code that made them. */
export type NaiveEvaluator = (objects: readonly KubernetesObject[], target: NaiveTarget) => 'allow' | 'deny';

/** The family of a target that is an address; 0 for a name. */
export function familyOf(host: string): 0 | 4 | 6 {
  if (host.includes(':')) return 6;
  return /^[\d.]+$/.test(host) ? 4 : 0;
}

/** The bits of an address, as text. */
function bitsOf(address: string): string {
  if (!address.includes(':')) {
    return address
      .split('.')
      .map((part) => Number(part).toString(2).padStart(8, '0'))
      .join('');
  }
  const [front = '', back] = address.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const [first, last] = [groups(front), groups(back ?? '')];
  const middle = back === undefined ? [] : new Array(8 - first.length - last.length).fill('0');
  return [...first, ...middle, ...last]
    .map((group) => Number.parseInt(group, 16).toString(2).padStart(16, '0'))
    .join('');
}

/** Whether a range holds the target. A name is held by nothing but the whole of a family that pods have. */
export function rangeHolds(range: string, { host, families }: NaiveTarget): boolean {
  const [base = '', prefix = ''] = range.split('/');
  const rangeFamily = base.includes(':') ? 6 : 4;
  const family = familyOf(host);
  if (family === 0) return prefix === '0' && families.includes(rangeFamily);
  return (
    family === rangeFamily && bitsOf(host).slice(0, Number(prefix)) === bitsOf(base).slice(0, Number(prefix))
  );
}

/** A field of something that was read from JSON. */
export function field(value: unknown, ...path: readonly (string | number)[]): unknown {
  let current = value;
  for (const key of path) current = (current as Record<string | number, unknown> | undefined)?.[key];
  return current;
}

/** A list that was read from JSON; empty when there is none. */
export function items(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
