import type { Pattern } from '@paude/allowlist';
import type { Weakness } from '../model/lifted.ts';
import type { Clause, ClausePorts } from '../names/clause.ts';
import { isMap, type Live, liveCidr, liveList, liveMap, livePort, liveText } from '../names/live.ts';
import { liveStarPattern } from '../names/live-name.ts';

/** What one `spec` of a CiliumNetworkPolicy says of the pods that it selects. */
export interface ReadCilium {
  readonly clauses: readonly Clause[];
  readonly weaknesses: readonly Weakness[];
  /** Whether what it does not allow is closed. */
  readonly isDefaultDeny: boolean;
}

/** Entities that are, or hold, all that is outside of the cluster. */
const WORLD = ['all', 'world', 'world-ipv4', 'world-ipv6'];

/** Destinations that a rule can have; none of them is everything. */
const DESTINATIONS = [
  'toEndpoints',
  'toCIDR',
  'toCIDRSet',
  'toEntities',
  'toServices',
  'toFQDNs',
  'toGroups',
  'toNodes',
];

/** Reads the egress of one `spec`. */
export function readCilium(spec: Live, object: string): ReadCilium {
  const clauses: Clause[] = [];
  const weaknesses: Weakness[] = [];
  const add = (what: string, severity: Weakness['severity'], message: string, remedy: string): void => {
    if (weaknesses.length < 50)
      weaknesses.push({ code: `cilium-${what}`, severity, object, message, remedy });
  };
  for (const effect of ['allow', 'deny'] as const) {
    const field = effect === 'allow' ? 'egress' : 'egressDeny';
    for (const [index, value] of liveList(spec[field]).entries()) {
      const rule = liveMap(value);
      const ports = readPorts(rule);
      const destinations = readDestinations(rule);
      if (!isMap(value) || ports === 'malformed' || destinations.includes(undefined)) {
        const message = `rule ${index + 1} of ${field} cannot be read, and Cilium may drop the whole policy`;
        add('malformed', 'error', message, 'Correct the rule');
      }
      if (ports === 'malformed') continue;
      for (const to of destinations) {
        if (to === undefined) continue;
        clauses.push({ effect, to, object, ...(ports === undefined ? {} : { ports }) });
      }
      if (effect === 'allow' && ports === undefined && destinations.some((to) => isEverything(to))) {
        add(
          'opens-all',
          'warning',
          `rule ${index + 1} allows everything outside of the cluster`,
          'Name what is needed',
        );
      }
      if (effect === 'allow' && opensDns(rule)) {
        const message = `rule ${index + 1} lets every name be looked up, which is a way out for data`;
        add('dns-open', 'warning', message, 'List the allowed names under rules.dns');
      }
      if (effect === 'allow' && selectsEveryPod(rule)) {
        add(
          'opens-cluster',
          'warning',
          `rule ${index + 1} allows every pod of the cluster`,
          'Select the pods that are needed',
        );
      }
    }
  }
  const { egress } = liveMap(spec.enableDefaultDeny);
  const hasRules = Array.isArray(spec.egress) || Array.isArray(spec.egressDeny);
  return { clauses, weaknesses, isDefaultDeny: egress === undefined ? hasRules : egress === true };
}

function readDestinations(rule: Live): readonly (Clause['to'] | undefined)[] {
  // Without any destination a rule is for all of them, at its ports; without ports as well it allows nothing.
  if (DESTINATIONS.every((key) => rule[key] === undefined)) {
    return rule.toPorts === undefined ? [] : [{ kind: 'any' }];
  }
  const found: (Clause['to'] | undefined)[] = [];
  for (const item of liveList(rule.toFQDNs)) found.push(readFqdn(liveMap(item)));
  for (const item of liveList(rule.toCIDR)) found.push(rangeOf(item));
  for (const item of liveList(rule.toCIDRSet)) {
    const { cidr, except } = liveMap(item);
    // What is excepted is counted in, for the allowlist to be no narrower; that is said.
    found.push(cidr === undefined ? 'unknown' : rangeOf(cidr));
    if (liveList(except).length > 0) found.push('unknown');
  }
  for (const item of liveList(rule.toEntities)) if (WORLD.includes(String(item))) found.push({ kind: 'any' });
  for (const key of ['toServices', 'toGroups', 'toNodes'])
    if (liveList(rule[key]).length > 0) found.push('unknown');
  return found;
}

function readFqdn({ matchName, matchPattern }: Live): Pattern | undefined {
  const name = liveText(matchName);
  if (name !== undefined && name !== '') return name.includes('*') ? undefined : liveStarPattern(name, false);
  return liveStarPattern(liveText(matchPattern) ?? '', false);
}

function rangeOf(value: unknown): Pattern | undefined {
  const text = liveText(value);
  const range = liveCidr(
    text === undefined || text.includes('/') ? text : `${text}/${text.includes(':') ? 128 : 32}`,
  );
  return range === undefined ? undefined : { kind: 'address', cidr: range };
}

function readPorts({ toPorts }: Live): readonly ClausePorts[] | 'malformed' | undefined {
  if (toPorts === undefined || toPorts === null) return undefined;
  if (!Array.isArray(toPorts)) return 'malformed';
  const ports: ClausePorts[] = [];
  let isEvery = toPorts.length === 0;
  for (const item of toPorts) {
    const listed = liveList(liveMap(item).ports);
    isEvery ||= listed.length === 0;
    for (const entry of listed) {
      const { port, endPort, protocol } = liveMap(entry);
      const first = port === '0' || port === 0 ? 0 : livePort(port);
      const isOneProtocol = protocol === 'TCP' || protocol === 'UDP' || protocol === 'SCTP';
      // Named ports are ports of pods.
      if (first === undefined) {
        if (typeof port === 'string' && /^[a-z]/i.test(port)) continue;
        return 'malformed';
      }
      const range = first === 0 ? { first: 1, last: 65535 } : { first, last: livePort(endPort) ?? first };
      ports.push(isOneProtocol ? { ...range, protocol } : range);
    }
  }
  return isEvery ? undefined : ports;
}

function isEverything(to: Clause['to'] | undefined): boolean {
  if (to === undefined || to === 'unknown') return false;
  return to.kind === 'any' || (to.kind === 'address' && to.cidr.prefix === 0);
}

/** Whether a rule lets port 53 of pods be asked for any name. */
function opensDns(rule: Live): boolean {
  if (liveList(rule.toEndpoints).length === 0) return false;
  return liveList(rule.toPorts).some((item) => {
    const { ports, rules } = liveMap(item);
    const isDns = liveList(ports).some((entry) => ['53', '5353'].includes(String(liveMap(entry).port)));
    const names = liveList(liveMap(rules).dns);
    return (
      isDns &&
      (names.length === 0 || names.some((name) => ['*', '**'].includes(String(liveMap(name).matchPattern))))
    );
  });
}

function selectsEveryPod(rule: Live): boolean {
  const endpoints = liveList(rule.toEndpoints).some((item) => isMap(item) && Object.keys(item).length === 0);
  const entities = liveList(rule.toEntities).some((item) => ['all', 'cluster'].includes(String(item)));
  return (endpoints && rule.toPorts === undefined) || entities;
}
