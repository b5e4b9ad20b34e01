import { comparePatterns, hasPort, type Policy, type Rule } from '@paude/allowlist';
import type { RouteWarning } from './route.ts';
import type { RouteSpec } from './route-spec.ts';

/**
 * Finds hosts of routes that the allowlist does not allow: nothing is ever injected there. Of a default route this is worth
 * a word only when none of its hosts is allowed.
 */
export function checkRoutes(specs: readonly RouteSpec[], policy: Policy): RouteWarning[] {
  return specs.flatMap((spec) => {
    const refused = spec.hosts.rules.filter((rule) => !isReachable(rule, spec, policy));
    if (spec.isDefault && refused.length < spec.hosts.rules.length) return [];
    return refused.map((rule) => ({
      code: 'host-not-allowed' as const,
      route: spec.name,
      host: rule.text,
      message: `the route ${spec.name} is for ${rule.text}, which the allowlist does not allow`,
      remedy: `Allow ${rule.text}, or take it out of the route`,
    }));
  });
}

/** Whether some host that the pattern matches is allowed at a port of the route. */
function isReachable(rule: Rule, { hosts }: RouteSpec, policy: Policy): boolean {
  const { pattern } = rule;
  const ports = portsOf(rule, hosts.defaultPorts);
  if (pattern.kind === 'exact')
    return ports.some((port) => policy.decide(pattern.name, port).result === 'allow');
  const { rules, defaultPorts } = policy.allowlist;
  const matching = rules.filter((other) => comparePatterns(pattern, other.pattern) !== 'disjoint');
  return ports.some((port) => {
    const atPort = matching.filter((other) => hasPort(other.ports, port, defaultPorts));
    const isDenied = atPort.some(
      ({ effect, pattern: other }) =>
        effect === 'deny' && ['equal', 'covered'].includes(comparePatterns(pattern, other)),
    );
    return (
      !isDenied &&
      atPort.some(
        ({ effect, expiresAtMs }) =>
          effect === 'allow' && !(expiresAtMs !== undefined && expiresAtMs <= policy.atMs),
      )
    );
  });
}

function portsOf({ ports }: Rule, defaultPorts: readonly number[]): readonly number[] {
  if (ports === 'default') return defaultPorts;
  return ports === 'all' ? defaultPorts : ports;
}
