import { type Allowlist, formatPattern } from '@paude/allowlist';
import type { Emission, Emitter } from '../model/emitter.ts';
import type { Intent } from '../model/intent.ts';
import type { EmittedObject } from '../model/object.ts';
import { EVERYWHERE, familiesOf, refusedRanges } from '../names/cidrs.ts';
import type { Remarks } from '../names/diagnose.ts';
import { type Entry, entryComment } from '../names/entry.ts';
import { remarkAddresses, remarkNamespace } from '../names/object-remarks.ts';
import { diagnosticsOf, planNames } from '../names/plan.ts';
import { refuseBudget } from '../names/refuse-budget.ts';
import { dnsModeOf, NODE_LOCAL_DNS } from '../names/resolver.ts';
import { metadataOf, subjectOf } from '../names/subject.ts';
import { EGRESS_FIREWALL_NAME, egressFirewallDialect, MAX_EGRESS_FIREWALL_RULES } from './dialect.ts';

/** A rule as it stands in `spec.egress`. */
interface FirewallRule {
  readonly type: 'Allow' | 'Deny';
  readonly ports?: readonly { readonly protocol: 'TCP' | 'UDP'; readonly port: number }[];
  readonly to: { readonly cidrSelector: string } | { readonly dnsName: string };
}

/**
 * An EgressFirewall (`k8s.ovn.org/v1`) of a whole namespace. The first rule that matches holds, and without a match
 * everything passes: special-use ranges are denied first, then what the allowlist denies, then come the allowed names,
 * and at the end everything is denied, for each family of addresses.
 */
export const egressFirewallEmitter: Emitter = { kind: 'EgressFirewall', emit };

function emit(allowlist: Allowlist, intent: Intent): Emission {
  const dialect = egressFirewallDialect(intent.wildcardFirewallNames);
  const subject = subjectOf(intent);
  const plan = planNames(allowlist, intent, dialect, EGRESS_FIREWALL_NAME);
  const { remarks } = plan;
  const rules: { readonly rule: FirewallRule; readonly comment: string }[] = [];
  if (dnsModeOf(intent, subject) === 'node-local') {
    const ports = (['TCP', 'UDP'] as const).map((protocol) => ({ protocol, port: 53 }));
    rules.push({
      rule: { type: 'Allow', ports, to: { cidrSelector: NODE_LOCAL_DNS } },
      comment: 'NodeLocal DNSCache',
    });
  }
  for (const { text } of refusedRanges(intent)) {
    rules.push({
      rule: { type: 'Deny', to: { cidrSelector: text } },
      comment: 'special use: no name may lead there',
    });
  }
  for (const entry of plan.denies) rules.push(...firewallRules('Deny', entry, intent));
  for (const entry of plan.allows) rules.push(...firewallRules('Allow', entry, intent));
  for (const family of familiesOf(intent)) {
    rules.push({
      rule: { type: 'Deny', to: { cidrSelector: EVERYWHERE[family].text } },
      comment: 'everything else: without this rule it would pass',
    });
  }
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
    comments: new Map(rules.map(({ comment }, index) => [`/spec/egress/${index}`, comment])),
  };
  return { objects: [object], diagnostics: diagnosticsOf(plan, allowlist) };
}

function firewallRules(
  type: FirewallRule['type'],
  { pattern, ports, rules }: Entry,
  intent: Intent,
): { readonly rule: FirewallRule; readonly comment: string }[] {
  const destinations: FirewallRule['to'][] =
    pattern.kind === 'any'
      ? familiesOf(intent).map((family) => ({ cidrSelector: EVERYWHERE[family].text }))
      : [
          pattern.kind === 'address'
            ? { cidrSelector: pattern.cidr.text }
            : { dnsName: formatName(formatPattern(pattern)) },
        ];
  return destinations.map((to) => ({
    rule:
      ports === 'all' ? { type, to } : { type, ports: ports.map((port) => ({ protocol: 'TCP', port })), to },
    comment: entryComment(rules),
  }));
}

/** Our spelling keeps the dot behind a host of one label, and the field takes it. */
function formatName(text: string): string {
  return text.endsWith('.') ? text.slice(0, -1) : text;
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
