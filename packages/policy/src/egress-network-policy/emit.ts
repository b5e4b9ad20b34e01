import type { Allowlist } from '@paude/allowlist';
import type { Emission, Emitter } from '../model/emitter.ts';
import type { Intent } from '../model/intent.ts';
import { firewallComments, firewallRules } from '../names/firewall-rules.ts';
import { remarkAddresses, remarkNamespace } from '../names/object-remarks.ts';
import { diagnosticsOf, planNames } from '../names/plan.ts';
import { refuseBudget } from '../names/refuse-budget.ts';
import { metadataOf, subjectOf } from '../names/subject.ts';
import {
  EGRESS_NETWORK_POLICY_DIALECT,
  EGRESS_NETWORK_POLICY_NAME,
  MAX_EGRESS_NETWORK_POLICY_RULES,
} from './dialect.ts';

/** An EgressNetworkPolicy (`network.openshift.io/v1`) of the old OpenShift SDN, which holds a whole namespace. */
export const egressNetworkPolicyEmitter: Emitter = { kind: 'EgressNetworkPolicy', emit };

function emit(allowlist: Allowlist, intent: Intent): Emission {
  const name = EGRESS_NETWORK_POLICY_NAME;
  const plan = planNames(allowlist, intent, EGRESS_NETWORK_POLICY_DIALECT, name);
  const { remarks } = plan;
  const rules = firewallRules(plan, intent, { ports: false });
  remarkAddresses(plan);
  remarkNamespace(intent, remarks);
  remarks.add({
    what: 'fails-open',
    effect: 'fail-open',
    message:
      'while the object is missing everything passes, and with a second one in the namespace nothing does',
    remedy: 'Apply it before the pods start; use an EgressFirewall where the cluster runs OVN-Kubernetes',
  });
  if (rules.length > MAX_EGRESS_NETWORK_POLICY_RULES) {
    refuseBudget(remarks, {
      message: `it would have ${rules.length} rules of at most ${MAX_EGRESS_NETWORK_POLICY_RULES}`,
      entries: plan.allows,
      wildcards: false,
    });
    return { objects: [], diagnostics: diagnosticsOf(plan, allowlist) };
  }
  const object = {
    apiVersion: 'network.openshift.io/v1',
    kind: 'EgressNetworkPolicy',
    metadata: metadataOf(intent, subjectOf(intent), name),
    spec: { egress: rules.map(({ rule }) => rule) },
  };
  const comments = firewallComments(rules);
  return { objects: [{ object, comments }], diagnostics: diagnosticsOf(plan, allowlist) };
}
