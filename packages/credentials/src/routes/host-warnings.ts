import { formatPattern, lint } from '@paude/allowlist';
import type { RouteWarning } from './route.ts';
import type { RouteSpec } from './route-spec.ts';

/** Hosts of a route that anyone may get, as under a suffix where strangers register names. */
export function hostWarnings({ name, hosts }: RouteSpec): RouteWarning[] {
  return lint(hosts)
    .filter(({ code }) => code === 'public-suffix-wide')
    .map(({ rule, message }) => ({
      code: 'public-suffix-wide' as const,
      route: name,
      host: formatPattern(rule.pattern),
      message: `the route ${name} would send its credential to strangers: ${message}`,
      remedy: 'Name the hosts that the credential is for',
    }));
}
