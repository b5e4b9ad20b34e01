import type { LiftContext, Weakness } from '../model/lifted.ts';
import type { KubernetesObject } from '../model/object.ts';
import type { Clause, ClausePorts } from './clause.ts';
import { type Live, liveCidr, liveList, liveMap, liveName, livePort, liveText } from './live.ts';
import { liveNamePattern } from './live-name.ts';

/** What an object of firewall rules says, and what in it could not be read. */
export interface ReadFirewall {
  readonly clauses: readonly Clause[];
  readonly weaknesses: readonly Weakness[];
}

/** The rules of an EgressFirewall or, without ports, of an EgressNetworkPolicy, in their order. */
export function readFirewall(object: KubernetesObject, prefix: string, context: LiftContext): ReadFirewall {
  const name = liveName(object);
  const weaknesses: Weakness[] = [];
  const clauses: Clause[] = [];
  const add = (what: string, message: string, remedy: string): void => {
    if (weaknesses.length < 50)
      weaknesses.push({ code: `${prefix}-${what}`, severity: 'error', object: name, message, remedy });
  };
  for (const [index, item] of liveList(liveMap(object.spec).egress).entries()) {
    const rule = liveMap(item);
    const to = readDestination(liveMap(rule.to));
    const ports = readPorts(rule.ports);
    const effect = rule.type === 'Allow' ? 'allow' : rule.type === 'Deny' ? 'deny' : undefined;
    if (effect === undefined || to === undefined || ports === 'malformed') {
      add('malformed', `rule ${index + 1} cannot be read, and may fail the whole object`, 'Correct the rule');
      continue;
    }
    if (to !== 'unknown' && to.kind === 'one-label' && !context.wildcardFirewallNames) {
      add(
        'wildcard-unsupported',
        `rule ${index + 1} is a wildcard, and one wildcard fails the whole object in a cluster without the DNS name resolver`,
        'Name the hosts one by one, or turn on the DNS name resolver',
      );
    }
    clauses.push({ effect, to, object: name, ...(ports === undefined ? {} : { ports }) });
  }
  return { clauses, weaknesses };
}

function readDestination(to: Live): Clause['to'] | undefined {
  if (to.cidrSelector !== undefined && to.cidrSelector !== '') {
    const cidr = liveCidr(to.cidrSelector);
    return cidr === undefined ? undefined : { kind: 'address', cidr };
  }
  if (to.nodeSelector !== undefined) return 'unknown';
  const name = liveText(to.dnsName);
  return name === undefined ? undefined : liveNamePattern(name, 'one-label');
}

function readPorts(value: unknown): readonly ClausePorts[] | 'malformed' | undefined {
  const items = liveList(value);
  if (items.length === 0)
    return value === undefined || value === null || Array.isArray(value) ? undefined : 'malformed';
  const ports: ClausePorts[] = [];
  for (const item of items) {
    const { protocol, port } = liveMap(item);
    const number = livePort(port);
    if (number === undefined || (protocol !== 'TCP' && protocol !== 'UDP' && protocol !== 'SCTP'))
      return 'malformed';
    ports.push({ protocol, first: number, last: number });
  }
  return ports;
}
