import type { Destination, KindReader, LiftContext, Lifted, Verdict, Weakness } from '../model/lifted.ts';
import type { KubernetesObject } from '../model/object.ts';
import { familiesOf } from '../names/cidrs.ts';
import { evaluateStatement, type Statement } from '../names/clause.ts';
import { liftStatement } from '../names/lift-statement.ts';
import { liveList, liveMap, liveName, liveText } from '../names/live.ts';
import { ownObjects } from '../names/own-objects.ts';
import { readFirewall } from '../names/read-firewall.ts';
import { unsaidWeaknesses } from '../names/unsaid.ts';
import { weaknessesOf } from '../names/weaknesses.ts';
import { APPLIED_STATUS, EGRESS_FIREWALL_NAME } from './dialect.ts';

const GROUP = 'k8s.ovn.org';
const KIND = 'EgressFirewall';
const PREFIX = 'egress-firewall';

/** Reads the EgressFirewall of a namespace back. */
export const egressFirewallReader: KindReader = { kind: KIND, group: GROUP, lift, evaluate };

function lift(objects: readonly KubernetesObject[], context: LiftContext): Lifted {
  const own = ownObjects(objects, KIND, GROUP, context.namespace);
  const weaknesses: Weakness[] = [];
  for (const object of own) {
    weaknesses.push(...readFirewall(object, PREFIX, context).weaknesses, ...statusWeaknesses(object));
  }
  const statement = statementOf(own, context);
  const lifted = liftStatement(statement, familiesOf(context));
  const where = own[0] === undefined ? '' : liveName(own[0]);
  if (own.length > 0) weaknesses.push(...weaknessesOf(PREFIX, where, statement, lifted, context));
  weaknesses.push(...unsaidWeaknesses(PREFIX, lifted));
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

/** What holds: only the object with the one name, and only if its status does not say that it failed. */
function statementOf(own: readonly KubernetesObject[], context: LiftContext): Statement {
  const inForce = own.filter(
    (object) => liveMap(object.metadata).name === EGRESS_FIREWALL_NAME && statusOf(object) !== 'failed',
  );
  return {
    clauses: inForce.flatMap((object) => readFirewall(object, PREFIX, context).clauses),
    precedence: 'first',
    otherwise: 'allow',
  };
}

/** Manifests have no status; a status that says anything but that the rules are applied has failed. */
function statusOf({ status }: KubernetesObject): 'applied' | 'missing' | 'failed' {
  const { status: whole, messages } = liveMap(status);
  const text = liveText(whole);
  if (text === undefined || text === '') return 'missing';
  // Each zone of the cluster has a message of its own, behind its name.
  const said = [text, ...liveList(messages).map(String)];
  return said.every((one) => one.replace(/^[\w.-]+: /, '') === APPLIED_STATUS) ? 'applied' : 'failed';
}

function shownStatus({ status }: KubernetesObject): string {
  const { status: whole, messages } = liveMap(status);
  const said = [String(whole), ...liveList(messages).map(String)].filter(
    (one) => !one.endsWith(APPLIED_STATUS),
  );
  return JSON.stringify(said.join('; ').slice(0, 120));
}

function statusWeaknesses(object: KubernetesObject): Weakness[] {
  const name = liveName(object);
  const found: Weakness[] = [];
  const { name: ownName, resourceVersion } = liveMap(object.metadata);
  if (ownName !== EGRESS_FIREWALL_NAME) {
    found.push({
      code: `${PREFIX}-name`,
      severity: 'error',
      object: name,
      message: 'an EgressFirewall that is not named default does nothing, and a cluster refuses it',
      remedy: 'Name it default',
    });
  }
  const status = statusOf(object);
  if (status === 'failed') {
    found.push({
      code: `${PREFIX}-status-failed`,
      severity: 'error',
      object: name,
      message: `its status is ${shownStatus(object)}, so its rules are not in force`,
      remedy: 'Read its status.messages, correct it, and wait for "EgressFirewall Rules applied"',
    });
  }
  // Only what comes from a cluster has a version; a manifest has no status yet.
  if (status === 'missing' && resourceVersion !== undefined) {
    found.push({
      code: `${PREFIX}-status-missing`,
      severity: 'error',
      object: name,
      message: 'it has no status, so nothing says that its rules are in force',
      remedy:
        'Wait for "EgressFirewall Rules applied"; if that does not come, this cluster does not enforce the kind',
    });
  }
  return found;
}
