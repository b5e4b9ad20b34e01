import type { Weakness } from '../model/lifted.ts';
import type { Clause } from './clause.ts';
import type { LiftedStatement } from './lift-statement.ts';

/** What objects open that has no place in an allowlist, and so would not be seen in a comparison of allowlists. */
export function unsaidWeaknesses(prefix: string, { unsaid }: Pick<LiftedStatement, 'unsaid'>): Weakness[] {
  const objects = [...new Set(unsaid.map(({ object }) => object))];
  return objects.flatMap((object) => {
    const own = unsaid.filter((clause) => clause.object === object);
    const protocols = own.filter(({ to }) => to !== 'unknown');
    return [
      ...(protocols.length === 0 ? [] : [otherProtocols(prefix, object, protocols)]),
      ...(protocols.length === own.length ? [] : [otherPlaces(prefix, object)]),
    ];
  });
}

function otherProtocols(prefix: string, object: string, clauses: readonly Clause[]): Weakness {
  const named = clauses.flatMap(({ ports = [] }) =>
    ports
      .filter(({ protocol }) => protocol !== 'TCP')
      .map(({ protocol, first, last }) => `${protocol} ${first === last ? first : `${first}-${last}`}`),
  );
  const shown = [...new Set(named)].slice(0, 3).join(', ');
  return {
    code: `${prefix}-other-protocols`,
    severity: 'warning',
    object,
    message: `it opens other protocols than TCP (${shown}), which no proxy looks at`,
    remedy: 'Name TCP ports',
  };
}

function otherPlaces(prefix: string, object: string): Weakness {
  return {
    code: `${prefix}-elsewhere-open`,
    severity: 'warning',
    object,
    message: 'it opens nodes or services, and what they are or lead to does not stand in it',
    remedy: 'Name hosts or addresses',
  };
}
