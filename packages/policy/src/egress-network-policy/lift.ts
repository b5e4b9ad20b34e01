import type { Destination, KindReader, LiftContext, Lifted, Verdict, Weakness } from '../model/lifted.ts';
import type { KubernetesObject } from '../model/object.ts';
import { familiesOf } from '../names/cidrs.ts';
import { evaluateStatement, type Statement } from '../names/clause.ts';
import { liftStatement } from '../names/lift-statement.ts';
import { liveName } from '../names/live.ts';
import { ownObjects } from '../names/own-objects.ts';
import { readFirewall } from '../names/read-firewall.ts';
import { weaknessesOf } from '../names/weaknesses.ts';

const KIND = 'EgressNetworkPolicy';
const GROUP = 'network.openshift.io';
const PREFIX = 'egress-network-policy';

/** Reads the EgressNetworkPolicy of a namespace back. With several of them OpenShift SDN drops all that leaves. */
export const egressNetworkPolicyReader: KindReader = { kind: KIND, group: GROUP, lift, evaluate };

function lift(objects: readonly KubernetesObject[], context: LiftContext): Lifted {
  const own = ownObjects(objects, KIND, GROUP, context.namespace);
  const statement = statementOf(own, context);
  const lifted = liftStatement(statement, familiesOf(context));
  const weaknesses: Weakness[] = own.flatMap((object) => readFirewall(object, PREFIX, context).weaknesses);
  const [first] = own;
  if (first !== undefined)
    weaknesses.push(...weaknessesOf(PREFIX, liveName(first), statement, lifted, context));
  if (own.length > 1) {
    weaknesses.push({
      code: `${PREFIX}-several`,
      severity: 'warning',
      object: own.map(liveName).join(', ').slice(0, 200),
      message: 'there are several in one namespace, and then nothing leaves it',
      remedy: 'Keep one of them',
    });
  }
  return { allowlist: lifted.allowlist, isFailOpen: lifted.isFailOpen, weaknesses };
}

function evaluate(
  objects: readonly KubernetesObject[],
  destination: Destination,
  context: LiftContext,
): Verdict {
  // What stays inside of the cluster is not looked at.
  if (destination.pod !== undefined) return 'allow';
  const own = ownObjects(objects, KIND, GROUP, context.namespace);
  return evaluateStatement(statementOf(own, context), destination, familiesOf(context));
}

function statementOf(own: readonly KubernetesObject[], context: LiftContext): Statement {
  if (own.length > 1) return { clauses: [], precedence: 'first', otherwise: 'deny' };
  return {
    clauses: own
      .flatMap((object) => readFirewall(object, PREFIX, context).clauses)
      .map(({ ports: _, ...clause }) => clause),
    precedence: 'first',
    otherwise: 'allow',
  };
}
