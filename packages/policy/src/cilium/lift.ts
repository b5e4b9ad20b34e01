import type { Destination, KindReader, LiftContext, Lifted, Verdict, Weakness } from '../model/lifted.ts';
import type { KubernetesObject } from '../model/object.ts';
import { familiesOf } from '../names/cidrs.ts';
import { evaluateStatement, type Statement } from '../names/clause.ts';
import { liftStatement } from '../names/lift-statement.ts';
import { isMap, type Live, liveList, liveName } from '../names/live.ts';
import { ownObjects } from '../names/own-objects.ts';
import { ciliumSelects } from '../names/selector.ts';
import { unsaidWeaknesses } from '../names/unsaid.ts';
import { readCilium } from './read.ts';

const KIND = 'CiliumNetworkPolicy';
const GROUP = 'cilium.io';

/** Reads the CiliumNetworkPolicies that select a pod back: what any of them allows, less what any of them denies. */
export const ciliumReader: KindReader = { kind: KIND, group: GROUP, lift, evaluate };

function lift(objects: readonly KubernetesObject[], context: LiftContext): Lifted {
  const { statement, weaknesses } = read(objects, context);
  const lifted = liftStatement(statement, familiesOf(context));
  const { allowlist, isFailOpen } = lifted;
  return { allowlist, isFailOpen, weaknesses: [...weaknesses, ...unsaidWeaknesses('cilium', lifted)] };
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
  readonly statement: Statement;
  readonly weaknesses: readonly Weakness[];
}

function read(objects: readonly KubernetesObject[], context: LiftContext): Read {
  const own = ownObjects(objects, KIND, GROUP, context.namespace);
  const weaknesses: Weakness[] = [];
  const clauses: Statement['clauses'][number][] = [];
  let isSelected = false;
  for (const object of own) {
    for (const spec of specsOf(object)) {
      const selected = ciliumSelects(spec.endpointSelector, context.podLabels);
      // A selector that cannot be read selects nothing, and its allows count all the same: nothing looks safer than it is.
      if (selected === false) continue;
      const one = readCilium(spec, liveName(object));
      clauses.push(...one.clauses);
      weaknesses.push(...one.weaknesses);
      if (selected === undefined) weaknesses.push(malformed(liveName(object), 'its endpointSelector'));
      isSelected ||= selected === true && one.isDefaultDeny;
    }
    if (specsOf(object).length === 0) weaknesses.push(malformed(liveName(object), 'its spec'));
  }
  if (own.length > 0 && !isSelected) {
    weaknesses.push({
      code: 'cilium-selects-nothing',
      severity: 'error',
      object: own.map(liveName).join(', ').slice(0, 200),
      message:
        'no policy of this kind closes what the pod may reach, so all of it passes as far as this kind goes',
      remedy: 'Correct the endpointSelector, or the labels of the pod',
    });
  }
  return { statement: { clauses, precedence: 'deny', otherwise: isSelected ? 'deny' : 'allow' }, weaknesses };
}

function specsOf({ spec, specs }: KubernetesObject): readonly Live[] {
  return [spec, ...liveList(specs)].filter(isMap);
}

function malformed(object: string, what: string): Weakness {
  return {
    code: 'cilium-malformed',
    severity: 'error',
    object,
    message: `${what} cannot be read, and Cilium may drop the whole policy`,
    remedy: 'Correct it',
  };
}
