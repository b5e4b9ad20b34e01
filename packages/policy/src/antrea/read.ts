import type { Weakness } from '../model/lifted.ts';
import type { KubernetesObject } from '../model/object.ts';
import type { Clause } from '../names/clause.ts';
import { isMap, type Live, liveList, liveMap, liveName, liveText } from '../names/live.ts';
import { liveStarPattern } from '../names/live-name.ts';
import { clausesOf, readBlock, readPolicyPorts, selectsPods } from '../names/read-policy.ts';
import { malformed, type ReadObject } from '../names/selector-statement.ts';

const EFFECTS: ReadonlyMap<unknown, Clause['effect']> = new Map([
  ['Allow', 'allow'],
  ['Drop', 'deny'],
  ['Reject', 'deny'],
  ['Pass', 'pass'],
]);

/** The egress rules of an Antrea NetworkPolicy, in their order. */
export function readAntrea(object: KubernetesObject, prefix: string): ReadObject {
  const name = liveName(object);
  const clauses: Clause[] = [];
  const weaknesses: Weakness[] = [];
  for (const [index, value] of liveList(liveMap(object.spec).egress).entries()) {
    const rule = liveMap(value);
    const effect = EFFECTS.get(rule.action);
    const ports = readPolicyPorts(rule.ports);
    const destinations = readDestinations(rule);
    if (!isMap(value) || effect === undefined || ports === 'malformed' || destinations === undefined) {
      weaknesses.push(malformed(prefix, name, `rule ${index + 1}`));
    }
    if (effect === undefined || ports === 'malformed' || destinations === undefined) continue;
    // ICMP and IGMP are no destination of a connection.
    if (rule.protocols !== undefined && rule.ports === undefined) continue;
    clauses.push(...clausesOf(effect, destinations, ports, name));
  }
  return { clauses, weaknesses };
}

function readDestinations(rule: Live): readonly Clause['to'][] | undefined {
  if (rule.toServices !== undefined) return ['unknown'];
  if (rule.to === undefined || rule.to === null) return [{ kind: 'any' }];
  if (!Array.isArray(rule.to)) return undefined;
  if (rule.to.length === 0) return [{ kind: 'any' }];
  const found: Clause['to'][] = [];
  for (const item of rule.to) {
    const peer = liveMap(item);
    const fqdn = liveText(peer.fqdn);
    if (fqdn !== undefined) {
      const pattern = liveStarPattern(fqdn, true);
      if (pattern === undefined) return undefined;
      found.push(pattern);
    } else if (peer.ipBlock !== undefined) {
      const ranges = readBlock(peer.ipBlock);
      if (ranges === undefined) return undefined;
      found.push(...ranges);
    } else if (!selectsPods(peer)) found.push('unknown');
  }
  return found;
}
