import { comparePatterns, type Rule } from '@paude/allowlist';
import { hasPathPrefix } from '../request/path.ts';
import type { RouteSpec } from './route-spec.ts';

/** A host pattern that two routes share, as written in the first; undefined when there is none. */
export function sharedHost(a: RouteSpec, b: RouteSpec): string | undefined {
  for (const rule of a.hosts.rules) {
    for (const other of b.hosts.rules) {
      const relation = comparePatterns(rule.pattern, other.pattern);
      if (relation !== 'disjoint' && sharePort(rule, other)) return rule.text;
    }
  }
  return undefined;
}

/** Whether the first route is for every path that the second is for. */
export function coversPaths({ pathPrefix: a }: RouteSpec, { pathPrefix: b }: RouteSpec): boolean {
  return a === undefined || (b !== undefined && hasPathPrefix(b, a));
}

/** Whether two rules of routes are for a port in common; the default port of a route is 443. */
function sharePort({ ports: a }: Rule, { ports: b }: Rule): boolean {
  if (a === 'all' || b === 'all') return true;
  const listA = a === 'default' ? [443] : a;
  const listB = b === 'default' ? [443] : b;
  return listA.some((port) => listB.includes(port));
}
