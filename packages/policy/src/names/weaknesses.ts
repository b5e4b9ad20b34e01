import type { LiftContext, Weakness } from '../model/lifted.ts';
import { familiesOf } from './cidrs.ts';
import type { Statement } from './clause.ts';
import type { LiftedStatement } from './lift-statement.ts';

/** What is weak about statements in which the first match holds and what none matches passes. */
export function weaknessesOf(
  prefix: string,
  object: string,
  { clauses }: Statement,
  { isFailOpen, misplaced }: LiftedStatement,
  context: LiftContext,
): Weakness[] {
  const found: Weakness[] = [];
  const add = (what: string, severity: Weakness['severity'], message: string, remedy: string): void => {
    found.push({ code: `${prefix}-${what}`, severity, object, message, remedy });
  };
  const families = familiesOf(context);
  const closed = new Set<4 | 6>();
  for (const { effect, to, ports } of clauses) {
    if (ports !== undefined || to === 'unknown') continue;
    const reached =
      to.kind === 'any' ? families : to.kind === 'address' && to.cidr.prefix === 0 ? [to.cidr.family] : [];
    if (effect === 'deny') for (const family of reached) closed.add(family);
    if (effect === 'allow' && reached.some((family) => !closed.has(family))) {
      add(
        'allow-all',
        'warning',
        'it allows every address before anything is denied, so what stands behind that does nothing',
        'Remove the rule that allows everything',
      );
    }
  }
  const open = families.filter((family) => !closed.has(family));
  if (isFailOpen && open.length === families.length) {
    add(
      'no-final-deny',
      'error',
      'it has no final rule that denies everything, so what it does not name passes',
      `Deny ${families.map((family) => (family === 4 ? '0.0.0.0/0' : '::/0')).join(' and ')} at its end`,
    );
  } else if (isFailOpen) {
    add(
      'family-open',
      'error',
      `it denies everything for one family of addresses alone, so IPv${open.join(' and IPv')} passes`,
      `Deny ${open.map((family) => (family === 4 ? '0.0.0.0/0' : '::/0')).join(' and ')} at its end as well`,
    );
  }
  if (misplaced.length > 0) {
    add(
      'order',
      'warning',
      'a rule that denies stands behind one that allows the same, and so does nothing there',
      'Put rules that deny before those that allow',
    );
  }
  return found;
}
