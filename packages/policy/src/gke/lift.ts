import type { Destination, KindReader, LiftContext, Lifted, Verdict, Weakness } from '../model/lifted.ts';
import type { KubernetesObject } from '../model/object.ts';
import { familiesOf } from '../names/cidrs.ts';
import { type Clause, evaluateStatement } from '../names/clause.ts';
import { liftStatement } from '../names/lift-statement.ts';
import { isMap, type Live, liveList, liveMap, liveName, liveText } from '../names/live.ts';
import { liveStarPattern } from '../names/live-name.ts';
import { ownObjects } from '../names/own-objects.ts';
import { clausesOf, readPolicyPorts } from '../names/read-policy.ts';
import { selects } from '../names/selector.ts';
import { malformed, type ReadObject, unionStatement } from '../names/selector-statement.ts';
import { unsaidWeaknesses } from '../names/unsaid.ts';

const KIND = 'FQDNNetworkPolicy';
const GROUP = 'networking.gke.io';
const PREFIX = 'gke';

/** Reads the FQDNNetworkPolicies that select a pod back. NetworkPolicies, which add to them, have a reader of their own. */
export const gkeReader: KindReader = { kind: KIND, group: GROUP, lift, evaluate };

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
  // Pods are opened by NetworkPolicies.
  if (destination.pod !== undefined) return 'unknown';
  return evaluateStatement(read(objects, context).statement, destination, familiesOf(context));
}

/** Where there is no FQDNNetworkPolicy, a NetworkPolicy that selects the pod closes what it does not open as well. */
function read(objects: readonly KubernetesObject[], context: LiftContext) {
  const own = ownObjects(objects, KIND, GROUP, context.namespace);
  const isSelected = ({ spec }: KubernetesObject) => selects(liveMap(spec).podSelector, context.podLabels);
  const found = unionStatement(PREFIX, own, isSelected, readObject);
  const closing = ownObjects(objects, 'NetworkPolicy', 'networking.k8s.io', context.namespace).some(
    (object) => isEgress(object) && isSelected(object) === true,
  );
  if (own.length > 0 || !closing) return found;
  return { ...found, statement: { ...found.statement, otherwise: 'deny' as const } };
}

function isEgress({ spec }: KubernetesObject): boolean {
  return liveList(liveMap(spec).policyTypes).includes('Egress');
}

function readObject(object: KubernetesObject): ReadObject {
  const name = liveName(object);
  const clauses: Clause[] = [];
  const weaknesses: Weakness[] = [];
  for (const [index, value] of liveList(liveMap(object.spec).egress).entries()) {
    const rule = liveMap(value);
    const ports = readPolicyPorts(withProtocols(rule.ports));
    const patterns = liveList(rule.matches).map((match) => readMatch(liveMap(match)));
    const known = patterns.filter((pattern) => pattern !== undefined);
    if (!isMap(value) || ports === 'malformed' || known.length < patterns.length || patterns.length === 0) {
      weaknesses.push(malformed(PREFIX, name, `rule ${index + 1}`));
    }
    if (ports === 'malformed') continue;
    clauses.push(...clausesOf('allow', known, ports, name));
    if (known.some(({ kind }) => kind === 'any')) {
      weaknesses.push({
        code: `${PREFIX}-opens-all`,
        severity: 'warning',
        object: name,
        message: `rule ${index + 1} allows every name`,
        remedy: 'Name what is needed',
      });
    }
  }
  return { clauses, weaknesses };
}

/** Here a port without a protocol is for all of them. */
function withProtocols(ports: unknown): unknown {
  if (!Array.isArray(ports)) return ports;
  return ports.map((port) => (isMap(port) ? { ...port, protocol: port.protocol ?? 'ALL' } : port));
}

function readMatch({ name, pattern }: Live) {
  const exact = liveText(name);
  if (exact !== undefined && exact !== '')
    return exact.includes('*') ? undefined : liveStarPattern(exact, false);
  return liveStarPattern((liveText(pattern) ?? '').replace(/\*+/g, '*'), false);
}
