import type { Weakness } from '../model/lifted.ts';
import type { KubernetesObject } from '../model/object.ts';
import type { Clause, ClausePorts } from '../names/clause.ts';
import {
  isMap,
  type Live,
  liveCidr,
  liveList,
  liveMap,
  liveName,
  livePort,
  liveText,
} from '../names/live.ts';
import { liveNamePattern } from '../names/live-name.ts';
import { clausesOf } from '../names/read-policy.ts';
import { malformed, type ReadObject } from '../names/selector-statement.ts';

const EFFECTS: ReadonlyMap<unknown, Clause['effect']> = new Map([
  ['Accept', 'allow'],
  ['Deny', 'deny'],
  ['Pass', 'pass'],
]);

/** The egress rules of a ClusterNetworkPolicy, in their order. */
export function readClusterPolicy(object: KubernetesObject, prefix: string): ReadObject {
  const name = liveName(object);
  const clauses: Clause[] = [];
  const weaknesses: Weakness[] = [];
  for (const [index, value] of liveList(liveMap(object.spec).egress).entries()) {
    const rule = liveMap(value);
    const effect = EFFECTS.get(rule.action);
    const ports = readProtocols(rule.protocols);
    const destinations = liveList(rule.to).flatMap((peer) => readPeer(liveMap(peer)));
    const known = destinations.filter((to) => to !== undefined);
    if (
      !isMap(value) ||
      effect === undefined ||
      ports === 'malformed' ||
      known.length < destinations.length
    ) {
      weaknesses.push(malformed(prefix, name, `rule ${index + 1}`));
    }
    if (effect === undefined || ports === 'malformed') continue;
    clauses.push(...clausesOf(effect, known, ports, name));
    if (effect === 'pass' && known.length > 0) {
      weaknesses.push({
        code: `${prefix}-pass`,
        severity: 'warning',
        object: name,
        message: `rule ${index + 1} leaves destinations outside of the cluster to NetworkPolicies`,
        remedy: 'Deny them here, or see that a NetworkPolicy does',
      });
    }
  }
  return { clauses, weaknesses };
}

/** Pods and namespaces are no destination outside of the cluster; nodes may be one. */
function readPeer(peer: Live): readonly (Clause['to'] | undefined)[] {
  if (peer.networks !== undefined) {
    return liveList(peer.networks).map((range) => {
      const cidr = liveCidr(range);
      return cidr === undefined ? undefined : { kind: 'address', cidr };
    });
  }
  if (peer.domainNames !== undefined) {
    return liveList(peer.domainNames).map((name) => liveNamePattern(liveText(name) ?? '', 'subdomains'));
  }
  if (peer.nodes !== undefined) return ['unknown'];
  return peer.pods === undefined && peer.namespaces === undefined ? [undefined] : [];
}

function readProtocols(value: unknown): readonly ClausePorts[] | 'malformed' | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) return 'malformed';
  const ports: ClausePorts[] = [];
  for (const item of value) {
    const protocol = (['TCP', 'UDP', 'SCTP'] as const).find(
      (name) => liveMap(item)[name.toLowerCase()] !== undefined,
    );
    if (protocol === undefined) {
      if (liveMap(item).destinationNamedPort === undefined) return 'malformed';
      continue;
    }
    const { destinationPort } = liveMap(liveMap(item)[protocol.toLowerCase()]);
    const { number, range } = liveMap(destinationPort);
    const { start, end } = liveMap(range);
    const first = livePort(number ?? start ?? 1);
    const last = livePort(number ?? end ?? 65535);
    if (first === undefined || last === undefined) return 'malformed';
    ports.push({ protocol, first, last });
  }
  return ports;
}
