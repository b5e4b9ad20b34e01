import type { Destination, KindReader, LiftContext, Lifted, Verdict, Weakness } from '../model/lifted.ts';
import type { KubernetesObject } from '../model/object.ts';
import { familiesOf } from '../names/cidrs.ts';
import { type Clause, evaluateStatement, type Statement } from '../names/clause.ts';
import { liftStatement } from '../names/lift-statement.ts';
import { liveList, liveMap, liveName, liveText } from '../names/live.ts';
import { ownObjects } from '../names/own-objects.ts';
import { selects } from '../names/selector.ts';
import { malformed, selectsNothing } from '../names/selector-statement.ts';
import { unsaidWeaknesses } from '../names/unsaid.ts';
import { weaknessesOf } from '../names/weaknesses.ts';
import { readAntrea } from './read.ts';

/** What the kind is called here; Antrea calls it NetworkPolicy, in a group of its own. */
const KIND = 'AntreaNetworkPolicy';
const GROUP = 'crd.antrea.io';
const PREFIX = 'antrea';

/** Antrea's own tiers, the first that is decided first; others stand between them, where is not in the object. */
const TIERS = ['emergency', 'securityops', 'networkops', 'platform', 'application', 'baseline'];

/** Reads the Antrea NetworkPolicies that select a pod back, by tier and priority. */
export const antreaReader: KindReader = { kind: KIND, group: GROUP, lift, evaluate };

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
  const own = ownObjects(objects, 'NetworkPolicy', GROUP, context.namespace);
  const weaknesses: Weakness[] = [];
  const selected = own
    .filter((object) => {
      const applied = liveList(liveMap(object.spec).appliedTo).map((item) =>
        selects(liveMap(item).podSelector, context.podLabels),
      );
      if (applied.includes(undefined))
        weaknesses.push(malformed(PREFIX, liveName(object), 'what it is applied to'));
      return applied.includes(true);
    })
    .sort((a, b) => placeOf(a) - placeOf(b));
  const clauses: Clause[] = [];
  for (const object of selected) {
    const one = readAntrea(object, PREFIX);
    clauses.push(...one.clauses);
    weaknesses.push(...one.weaknesses);
  }
  return { own, selected, statement: { clauses, precedence: 'first', otherwise: 'allow' }, weaknesses };
}

function placeOf({ spec }: KubernetesObject): number {
  const { tier, priority } = liveMap(spec);
  const name = (liveText(tier) ?? 'application').toLowerCase();
  const place = TIERS.includes(name) ? TIERS.indexOf(name) : TIERS.indexOf('application');
  return place * 100_000 + (typeof priority === 'number' ? priority : 10_000);
}
