import type { Weakness } from '../model/lifted.ts';
import type { KubernetesObject } from '../model/object.ts';
import type { Clause, Statement } from './clause.ts';
import { liveName } from './live.ts';

/** What one object says, once it is known to select the pod. */
export interface ReadObject {
  readonly clauses: readonly Clause[];
  readonly weaknesses: readonly Weakness[];
}

/** A weakness of an object that cannot be read, or not wholly. */
export function malformed(prefix: string, object: string, what: string): Weakness {
  return {
    code: `${prefix}-malformed`,
    severity: 'error',
    object,
    message: `${what} cannot be read, so it may not do what it looks like`,
    remedy: 'Correct it, or remove it',
  };
}

/**
 * The statement of kinds in which an object closes what it does not allow, for the pods that it selects. `isSelected` is
 * asked of each object; undefined, for a selector that cannot be read, counts what the object allows and not that it closes.
 */
export function unionStatement(
  prefix: string,
  own: readonly KubernetesObject[],
  isSelected: (object: KubernetesObject) => boolean | undefined,
  read: (object: KubernetesObject) => ReadObject,
): { readonly statement: Statement; readonly weaknesses: readonly Weakness[] } {
  const clauses: Clause[] = [];
  const weaknesses: Weakness[] = [];
  let isClosed = false;
  for (const object of own) {
    const selected = isSelected(object);
    if (selected === false) continue;
    const one = read(object);
    clauses.push(...one.clauses);
    weaknesses.push(...one.weaknesses);
    if (selected === undefined) weaknesses.push(malformed(prefix, liveName(object), 'its selector'));
    isClosed ||= selected === true;
  }
  if (own.length > 0 && !isClosed) weaknesses.push(selectsNothing(prefix, own));
  return { statement: { clauses, precedence: 'deny', otherwise: isClosed ? 'deny' : 'allow' }, weaknesses };
}

/** That there are objects of a kind, and none of them holds the pod. */
export function selectsNothing(prefix: string, own: readonly KubernetesObject[]): Weakness {
  return {
    code: `${prefix}-selects-nothing`,
    severity: 'error',
    object: own.map(liveName).join(', ').slice(0, 200),
    message: 'no object of this kind selects the pod, so all of it passes as far as this kind goes',
    remedy: 'Correct the selector, or the labels of the pod',
  };
}
