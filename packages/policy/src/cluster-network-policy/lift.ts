import type { Destination, KindReader, LiftContext, Lifted, Verdict, Weakness } from '../model/lifted.ts';
import type { KubernetesObject } from '../model/object.ts';
import { familiesOf } from '../names/cidrs.ts';
import { type Clause, evaluateStatement, type Statement } from '../names/clause.ts';
import { liftStatement } from '../names/lift-statement.ts';
import { liveMap, liveName } from '../names/live.ts';
import { ownObjects } from '../names/own-objects.ts';
import { selects } from '../names/selector.ts';
import { malformed, selectsNothing } from '../names/selector-statement.ts';
import { unsaidWeaknesses } from '../names/unsaid.ts';
import { weaknessesOf } from '../names/weaknesses.ts';
import { readClusterPolicy } from './read.ts';

const KIND = 'ClusterNetworkPolicy';
const GROUP = 'policy.networking.k8s.io';
const PREFIX = 'cluster-network-policy';

/** Reads the ClusterNetworkPolicies that select a pod back, by tier and priority. */
export const clusterNetworkPolicyReader: KindReader = { kind: KIND, group: GROUP, lift, evaluate };

function lift(objects: readonly KubernetesObject[], context: LiftContext): Lifted {
  const { statement, weaknesses, own, selected } = read(objects, context);
  const lifted = liftStatement(statement, familiesOf(context));
  const found = [...weaknesses];
  const [first] = selected;
  if (first !== undefined) found.push(...weaknessesOf(PREFIX, liveName(first), statement, lifted, context));
  else if (own.length > 0) found.push(selectsNothing(PREFIX, own));
  found.push(...unsaidWeaknesses(PREFIX, lifted));
  return { allowlist: lifted.allowlist, isFailOpen: lifted.isFailOpen, weaknesses: found };
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

interface Read {
  readonly own: readonly KubernetesObject[];
  readonly selected: readonly KubernetesObject[];
  readonly statement: Statement;
  readonly weaknesses: readonly Weakness[];
}

function read(objects: readonly KubernetesObject[], context: LiftContext): Read {
  const own = ownObjects(objects, KIND, GROUP, undefined);
  const weaknesses: Weakness[] = [];
  const clauses: Clause[] = [];
  const selected = own
    .filter((object) => {
      const isSelected = isSubject(liveMap(liveMap(object.spec).subject), context);
      if (isSelected === undefined) weaknesses.push(malformed(PREFIX, liveName(object), 'its subject'));
      return isSelected === true;
    })
    .sort((a, b) => placeOf(a) - placeOf(b));
  for (const object of selected) {
    const one = readClusterPolicy(object, PREFIX);
    clauses.push(...one.clauses);
    weaknesses.push(...one.weaknesses);
  }
  return { own, selected, statement: { clauses, precedence: 'first', otherwise: 'allow' }, weaknesses };
}

function isSubject(
  { namespaces, pods }: Readonly<Record<string, unknown>>,
  { namespaceLabels, podLabels }: LiftContext,
): boolean | undefined {
  if (namespaces !== undefined) return selects(namespaces, namespaceLabels);
  if (pods === undefined) return undefined;
  const { namespaceSelector, podSelector } = liveMap(pods);
  const inNamespace = selects(namespaceSelector, namespaceLabels);
  const isPod = selects(podSelector, podLabels);
  return inNamespace === undefined || isPod === undefined ? undefined : inNamespace && isPod;
}

/** The Admin tier comes before the Baseline tier, lower priorities before higher ones. */
function placeOf({ spec }: KubernetesObject): number {
  const { tier, priority } = liveMap(spec);
  return (tier === 'Baseline' ? 10_000 : 0) + (typeof priority === 'number' ? priority : 1000);
}
