import type { Allowlist } from '@paude/allowlist';
import type { Emission, Emitter } from '../model/emitter.ts';
import type { Intent } from '../model/intent.ts';
import type { EmittedObject } from '../model/object.ts';
import type { Remarks } from '../names/diagnose.ts';
import { firewallComments, firewallRules } from '../names/firewall-rules.ts';
import { remarkAddresses, remarkNamespace } from '../names/object-remarks.ts';
import { diagnosticsOf, planNames } from '../names/plan.ts';
import { refuseBudget } from '../names/refuse-budget.ts';
import { metadataOf, subjectOf } from '../names/subject.ts';
import { EGRESS_FIREWALL_NAME, egressFirewallDialect, MAX_EGRESS_FIREWALL_RULES } from './dialect.ts';

/** An EgressFirewall (`k8s.ovn.org/v1`), which holds a whole namespace. */
export const egressFirewallEmitter: Emitter = { kind: 'EgressFirewall', emit };

function emit(allowlist: Allowlist, intent: Intent): Emission {
  const dialect = egressFirewallDialect(intent.wildcardFirewallNames);
  const subject = subjectOf(intent);
  const plan = planNames(allowlist, intent, dialect, EGRESS_FIREWALL_NAME);
  const { remarks } = plan;
  const rules = firewallRules(plan, intent, { ports: true });
  remarkAddresses(plan);
  remarkNamespace(intent, remarks);
  remarkCluster(remarks);
  if (rules.length > MAX_EGRESS_FIREWALL_RULES) {
    refuseBudget(remarks, {
      message: `it would have ${rules.length} rules of at most ${MAX_EGRESS_FIREWALL_RULES}`,
      entries: plan.allows,
      wildcards: intent.wildcardFirewallNames,
    });
    return { objects: [], diagnostics: diagnosticsOf(plan, allowlist) };
  }
  const object: EmittedObject = {
    object: {
      apiVersion: 'k8s.ovn.org/v1',
      kind: 'EgressFirewall',
      metadata: metadataOf(intent, subject, EGRESS_FIREWALL_NAME),
      spec: { egress: rules.map(({ rule }) => rule) },
    },
    comments: firewallComments(rules),
  };
  return { objects: [object], diagnostics: diagnosticsOf(plan, allowlist) };
}

function remarkCluster(remarks: Remarks): void {
  remarks.add({
    what: 'fails-open',
    effect: 'fail-open',
    message:
      'while the object is missing or its status is not "EgressFirewall Rules applied", everything passes',
    remedy: 'Apply it before the pods start, wait for its status, and keep the NetworkPolicies beside it',
  });
  remarks.add({
    what: 'api-server',
    effect: 'note',
    severity: 'info',
    message:
      'its last rules also cut off API servers outside of the pod network, and it never holds pods of the host network or traffic inside of the cluster',
    remedy:
      'Allow the API server in the allowlist if pods of the namespace need it; hold traffic between pods with NetworkPolicies',
  });
}
