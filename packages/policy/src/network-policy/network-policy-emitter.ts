import type { Allowlist } from '@paude/allowlist';
import { objectNames } from '../intents/object-names.ts';
import type { Emission, Emitter } from '../model/emitter.ts';
import type { Intent } from '../model/intent.ts';
import type { EmittedObject } from '../model/object.ts';
import { allowlistDiagnostics, intentDiagnostics, tooLarge } from './diagnostics.ts';
import { dnsRules, proxyDns } from './dns-rules.ts';
import { type DraftRule, podPeer, policyObject, portEntry } from './policy-draft.ts';
import { type ActiveRules, activeRules } from './rule-ports.ts';
import { worldRules } from './world-rules.ts';

/** Where the proxy's health and metrics are; the kubelet's probes need no rule. */
export const ADMIN_PORT = 9128;

/**
 * NetworkPolicies (networking.k8s.io/v1): the workload reaches DNS and the proxy, the proxy is reached by its clients alone
 * and reaches DNS, the world at the allowlist's ports, and nothing private that is not allowed. Without a proxy the
 * workload itself reaches what of the allowlist can be said in addresses.
 */
export const networkPolicyEmitter: Emitter = {
  kind: 'NetworkPolicy',
  emit(allowlist: Allowlist, intent: Intent): Emission {
    const active = activeRules(allowlist, intent.atMs);
    return checked(intent.proxy === undefined ? direct(active, intent) : proxied(active, intent), intent);
  },
};

/** Refuses all of it when one of the objects would be refused. */
function checked(emission: Emission, intent: Intent): Emission {
  const refusal = emission.objects
    .map((object) => tooLarge(object, intent))
    .find((found) => found !== undefined);
  return refusal === undefined ? emission : { objects: [], diagnostics: [refusal] };
}

function proxied(active: ActiveRules, intent: Intent): Emission {
  const egress = proxyEgress(active, intent);
  return {
    objects: [...workloadPolicies(intent), ...egress.objects, proxyIngressPolicy(intent)],
    diagnostics: [...egress.diagnostics, ...intentDiagnostics(intent)],
  };
}

function proxyEgress(active: ActiveRules, intent: Intent): Emission {
  const world = worldRules(active, intent);
  const policy = proxyEgressPolicy(world.rules, intent);
  const object = policy.object.metadata.name;
  return { objects: [policy], diagnostics: allowlistDiagnostics(active, { intent, world, object }) };
}

/** What holds the proxy's pods alone, for a proxy in the pods of its clients. */
export function proxyEgressEmission(allowlist: Allowlist, intent: Intent): Emission {
  return checked(proxyEgress(activeRules(allowlist, intent.atMs), intent), intent);
}

/** The policy of the pods whose only way out is the proxy; none where a policy has no namespace to stand in. */
function workloadPolicies(intent: Intent): EmittedObject[] {
  const { workload, proxy, proxyPort, form } = intent;
  if (workload.namespaceLabels !== undefined || proxy === undefined) return [];
  const namespace = workload.namespace ?? intent.namespace;
  const toProxy: DraftRule = {
    comment: 'The proxy, at the port of its pods: a policy looks behind the Service',
    peers: [podPeer(proxy, intent.namespace, namespace)],
    ports: [portEntry('TCP', [proxyPort, proxyPort])],
  };
  const draft = {
    name: objectNames(intent).workloadEgress,
    namespace,
    podLabels: workload.labels,
    head: workloadHead(intent),
    egress: [...dnsRules(intent.dns, intent, namespace), toProxy],
    // Nobody calls an agent; kubectl exec and port-forward come from the node, which policies let through.
    ingress: form === 'session' ? [] : undefined,
  };
  return [policyObject(draft, intent)];
}

function workloadHead({ form, name, dns }: Intent): string {
  const who = {
    session: `The agent of session ${name}`,
    standalone: `Pods labelled paude.io/egress-proxy=${name}`,
    namespace: 'Every pod of the namespace',
  }[form];
  const way = dns === 'none' ? 'nothing but the proxy' : 'nothing but DNS and the proxy';
  return `${who} may reach ${way}${form === 'session' ? ', and nobody may reach it' : ''}.`;
}

function proxyEgressPolicy(rules: readonly DraftRule[], intent: Intent): EmittedObject {
  const { namespace } = intent;
  return policyObject(
    {
      name: objectNames(intent).proxyEgress,
      namespace,
      podLabels: intent.proxy?.labels ?? {},
      head: 'The proxy may reach DNS and what its allowlist can lead to: no private or special addresses but allowed ones.',
      egress: [...dnsRules(proxyDns(intent), intent, namespace), ...rules],
    },
    intent,
  );
}

function proxyIngressPolicy(intent: Intent): EmittedObject {
  const { namespace, workload, monitoring, proxyPort } = intent;
  const ingress: DraftRule[] = [
    {
      comment: 'Its clients',
      peers: [podPeer(workload, namespace, namespace)],
      ports: [portEntry('TCP', [proxyPort, proxyPort])],
    },
  ];
  if (monitoring !== undefined) {
    ingress.push({
      comment: 'Metrics',
      peers: [podPeer(monitoring, namespace, namespace)],
      ports: [portEntry('TCP', [ADMIN_PORT, ADMIN_PORT])],
    });
  }
  return policyObject(
    {
      name: objectNames(intent).proxyIngress,
      namespace,
      podLabels: intent.proxy?.labels ?? {},
      head: 'Only its clients may reach the proxy. Probes come from the node and need no rule.',
      ingress,
    },
    intent,
  );
}

/** Pods that are held without a proxy: rules about names are left out, or open the world, as the intent says. */
function direct(active: ActiveRules, intent: Intent): Emission {
  const allows = active.allows.filter(
    ({ pattern }) => intent.inexpressible === 'widen' || pattern.kind === 'address' || pattern.kind === 'any',
  );
  const world = worldRules(active, intent, allows);
  const object = policyObject(
    {
      name: objectNames(intent).workloadEgress,
      namespace: intent.namespace,
      podLabels: intent.workload.labels,
      head: 'There is no proxy: what names are reached, nothing decides.',
      egress: [...dnsRules(intent.dns, intent, intent.namespace), ...world.rules],
    },
    intent,
  );
  const diagnostics = [
    ...allowlistDiagnostics(active, { intent, world, object: object.object.metadata.name }),
    ...intentDiagnostics(intent),
  ];
  return { objects: [object], diagnostics };
}
