import { PaudeError } from '@paude/errors';
import { coversPaths, sharedHost } from './overlap.ts';
import type { RouteWarning } from './route.ts';
import type { RouteSpec } from './route-spec.ts';

/** Routes in the order they are tried, and what there is to say about it. */
export interface Arrangement {
  readonly specs: readonly RouteSpec[];
  readonly warnings: readonly RouteWarning[];
}

/**
 * Brings routes into order: a longer path prefix before a shorter one, then a lower `order` before a higher one. A route
 * of the default table gives way to written ones for its hosts and paths.
 *
 * @throws PaudeError `credentials-overlap` when two routes could both match a request and nothing says which is first.
 */
export function arrange(specs: readonly RouteSpec[]): Arrangement {
  const warnings: RouteWarning[] = [];
  const written = specs.filter(({ isDefault }) => !isDefault);
  const kept = specs.filter((spec) => {
    if (!spec.isDefault) return true;
    const winner = written.find(
      (other) =>
        other.name === spec.name || (coversPaths(other, spec) && sharedHost(spec, other) !== undefined),
    );
    if (winner === undefined) return true;
    warnings.push({
      code: 'default-replaced',
      route: spec.name,
      message: `the default route ${spec.name} is left out, because ${winner.name} is for its hosts`,
      remedy: `Nothing, if that is meant; otherwise narrow the hosts of ${winner.name}`,
    });
    return false;
  });
  for (const [index, spec] of kept.entries()) {
    for (const other of kept.slice(index + 1)) refuseTie(spec, other);
  }
  return { specs: kept.toSorted(byPrecedence), warnings };
}

function byPrecedence(a: RouteSpec, b: RouteSpec): number {
  return (b.pathPrefix ?? '').length - (a.pathPrefix ?? '').length || a.order - b.order;
}

function refuseTie(a: RouteSpec, b: RouteSpec): void {
  if (a.name === b.name) {
    throw new PaudeError('credentials-overlap', {
      action: 'use the credential route',
      input: a.name,
      why: 'two routes have this name',
      remedy: 'Give each a name of its own: the audit log tells them apart by it',
    });
  }
  if (a.order !== b.order || a.pathPrefix !== b.pathPrefix) return;
  const host = sharedHost(a, b);
  if (host === undefined) return;
  throw new PaudeError('credentials-overlap', {
    action: 'use the credential route',
    input: b.name,
    why: `${a.name} is for ${host} as well, and nothing says which of the two comes first`,
    remedy: `Give one of them a lower order (order: 1, order: 2) or a pathPrefix of its own`,
  });
}
