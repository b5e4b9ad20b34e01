import type { Policy } from './decision.ts';
import type { Finding } from './finding.ts';
import { type Host, parseHost } from './host.ts';
import type { Rule } from './rule.ts';
import { EXPIRED, type MatchVisitor, type RuleIndex } from './rule-index.ts';
import { WRITABLE_SERVICES, type WritableService } from './writable-hosts.ts';

interface Probe {
  readonly host: Host;
  readonly service: WritableService;
}

/** A name for each place of the table; for a suffix, one that a stranger could have. */
const PROBES: readonly Probe[] = WRITABLE_SERVICES.flatMap((service) =>
  service.patterns.map((pattern) => ({
    host: parseHost(pattern.startsWith('.') ? `x7q${pattern}` : pattern),
    service,
  })),
);

/**
 * Finds the allow rules through which data could leave to a place of anyone's: every known such place is looked up among
 * the rules, so that a suffix that merely covers one is found as well. What a deny takes back is not found.
 */
export function lintWritable(index: RuleIndex, policy: Policy): Finding[] {
  const found = new Map<Rule, Probe[]>();
  let probe: Probe | undefined;
  const visitor: MatchVisitor = {
    wants: () => true,
    match(id, flags) {
      const rule = index.rule(id);
      if (
        probe === undefined ||
        (flags & EXPIRED) !== 0 ||
        rule.effect === 'deny' ||
        rule.pattern.kind === 'any'
      ) {
        return;
      }
      const probes = found.get(rule);
      if (probes === undefined) found.set(rule, [probe]);
      else probes.push(probe);
    },
  };
  for (const candidate of PROBES) {
    if (policy.decide(candidate.host, 443).reason === 'denied-by-rule') continue;
    probe = candidate;
    index.forEachMatch(candidate.host, visitor);
  }
  return [...found].flatMap(([rule, probes]) => finding(rule, probes));
}

function finding(rule: Rule, probes: readonly Probe[]): Finding[] {
  const worst = probes.find(({ service }) => service.weight === 'warning') ?? probes[0];
  if (worst === undefined) return [];
  const { kind, why, weight } = worst.service;
  const host = worst.host.replace(/^x7q\./, '');
  const others = probes.length - 1;
  const more = others === 0 ? '' : `, and ${others} more such ${others === 1 ? 'place' : 'places'}`;
  const remedies = {
    info: 'Keep it if it is needed, and credentials for it out of the session',
    warning:
      rule.pattern.kind === 'exact'
        ? 'Remove it, unless data may leave that way'
        : `Name the hosts that are needed, or deny what is not, as in !${host}`,
  };
  return [
    {
      code: 'anyone-can-write',
      severity: weight,
      rule,
      message: `${rule.text} ${rule.pattern.kind === 'exact' ? 'is' : `reaches ${host},`} a place where data can leave (${kind}): ${why}${more}`,
      remedy: remedies[weight],
    },
  ];
}
