import type { Destination, KindReader, LiftContext, Lifted, Verdict, Weakness } from '../model/lifted.ts';
import type { KubernetesObject } from '../model/object.ts';
import { familiesOf } from '../names/cidrs.ts';
import { type Clause, evaluateStatement } from '../names/clause.ts';
import { liftStatement } from '../names/lift-statement.ts';
import { isMap, type Live, liveList, liveMap, liveName, liveText } from '../names/live.ts';
import { liveNamePattern } from '../names/live-name.ts';
import { ownObjects } from '../names/own-objects.ts';
import { clausesOf, readBlock, readPolicyPorts, selectsPods } from '../names/read-policy.ts';
import { selects } from '../names/selector.ts';
import { malformed, type ReadObject, unionStatement } from '../names/selector-statement.ts';
import { unsaidWeaknesses } from '../names/unsaid.ts';

const KIND = 'ApplicationNetworkPolicy';
const GROUP = 'networking.k8s.aws';
const PREFIX = 'eks';

/** Reads the ApplicationNetworkPolicies that select a pod back. */
export const eksReader: KindReader = { kind: KIND, group: GROUP, lift, evaluate };

function lift(objects: readonly KubernetesObject[], context: LiftContext): Lifted {
  const { statement, weaknesses } = read(objects, context);
  const lifted = liftStatement(statement, familiesOf(context));
  const { allowlist, isFailOpen } = lifted;
  return { allowlist, isFailOpen, weaknesses: [...weaknesses, ...unsaidWeaknesses(PREFIX, lifted)] };
}

function evaluate(
  objects: readonly KubernetesObject[],
  destination: Destination,
  context: LiftContext,
): Verdict {
  // Which pods are peers is not read here.
  if (destination.pod !== undefined) return 'unknown';
  return evaluateStatement(read(objects, context).statement, destination, familiesOf(context));
}

function read(objects: readonly KubernetesObject[], context: LiftContext) {
  const own = ownObjects(objects, KIND, GROUP, context.namespace);
  return unionStatement(PREFIX, own, (object) => isSelected(object, context), readObject);
}

/** A policy that has no rules and no type for egress closes nothing. */
function isSelected({ spec }: KubernetesObject, { podLabels }: LiftContext): boolean | undefined {
  const { podSelector, policyTypes, egress } = liveMap(spec);
  const isEgress = Array.isArray(policyTypes) ? policyTypes.includes('Egress') : Array.isArray(egress);
  return isEgress ? selects(podSelector, podLabels) : false;
}

function readObject(object: KubernetesObject): ReadObject {
  const name = liveName(object);
  const clauses: Clause[] = [];
  const weaknesses: Weakness[] = [];
  for (const [index, value] of liveList(liveMap(object.spec).egress).entries()) {
    const rule = liveMap(value);
    const ports = readPolicyPorts(rule.ports);
    const destinations = readDestinations(rule);
    if (!isMap(value) || ports === 'malformed' || destinations === undefined) {
      weaknesses.push(malformed(PREFIX, name, `rule ${index + 1}`));
    }
    if (ports === 'malformed' || destinations === undefined) continue;
    clauses.push(...clausesOf('allow', destinations, ports, name));
    if (ports === undefined && destinations.some((to) => to !== 'unknown' && to.kind === 'any')) {
      weaknesses.push({
        code: `${PREFIX}-opens-all`,
        severity: 'warning',
        object: name,
        message: `rule ${index + 1} allows everything`,
        remedy: 'Name what is needed',
      });
    }
  }
  return { clauses, weaknesses };
}

function readDestinations(rule: Live): readonly Clause['to'][] | undefined {
  const peers = liveList(rule.to);
  if (rule.to !== undefined && !Array.isArray(rule.to)) return undefined;
  if (peers.length === 0) return [{ kind: 'any' }];
  const found: Clause['to'][] = [];
  for (const item of peers) {
    const peer = liveMap(item);
    if (peer.ipBlock !== undefined) {
      const ranges = readBlock(peer.ipBlock);
      if (ranges === undefined) return undefined;
      found.push(...ranges.filter((range) => !isDnsService(range)));
    } else if (peer.domainNames !== undefined) {
      for (const name of liveList(peer.domainNames)) {
        const pattern = liveNamePattern(liveText(name) ?? '', 'subdomains');
        if (pattern === undefined) return undefined;
        found.push(pattern);
      }
    } else if (!selectsPods(peer)) return undefined;
  }
  return found;
}

/** Addresses of the cluster's own DNS are no part of an allowlist. */
function isDnsService(to: Clause['to']): boolean {
  return (
    to !== 'unknown' && to.kind === 'address' && ['10.100.0.10/32', '172.20.0.10/32'].includes(to.cidr.text)
  );
}
