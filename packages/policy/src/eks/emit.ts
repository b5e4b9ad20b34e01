import { type Allowlist, formatAddress } from '@paude/allowlist';
import type { Emission, Emitter } from '../model/emitter.ts';
import type { Intent } from '../model/intent.ts';
import { EVERYWHERE, familiesOf, refusedRanges } from '../names/cidrs.ts';
import { type Entry, entryComment } from '../names/entry.ts';
import { remarkAddresses, remarkPrivate } from '../names/object-remarks.ts';
import { diagnosticsOf, type Plan, planNames } from '../names/plan.ts';
import { groupByPorts, networkPolicyPorts } from '../names/port-items.ts';
import { dnsModeOf, NODE_LOCAL_DNS, resolversOf } from '../names/resolver.ts';
import { starName } from '../names/star-name.ts';
import { metadataOf, podSelector, subjectOf } from '../names/subject.ts';
import { EKS_DIALECT } from './dialect.ts';

/** The addresses that EKS gives the DNS Service: on Auto Mode a process of the node answers there, no pod. */
const DNS_SERVICES = ['10.100.0.10/32', '172.20.0.10/32'];

/**
 * An ApplicationNetworkPolicy (`networking.k8s.aws/v1alpha1`) of EKS Auto Mode: a NetworkPolicy whose peers can be
 * `domainNames`. What none of its rules allows is closed for the pods that it selects.
 */
export const eksEmitter: Emitter = { kind: 'ApplicationNetworkPolicy', emit };

function emit(allowlist: Allowlist, intent: Intent): Emission {
  const subject = subjectOf(intent);
  const plan = planNames(allowlist, intent, EKS_DIALECT, subject.name);
  remarkAddresses(plan);
  remarkPrivate(plan);
  remarkCluster(plan);
  const mode = dnsModeOf(intent, subject);
  const comments = new Map<string, string>();
  const egress: unknown[] = [];
  if (mode !== 'none') {
    comments.set('/spec/egress/0', 'DNS');
    egress.push(dnsRule(mode));
  }
  for (const [ports, entries] of groupByPorts(plan.allows)) {
    const names = entries.filter(({ pattern }) => pattern.kind !== 'any' && pattern.kind !== 'address');
    const ranges = entries.filter(({ pattern }) => pattern.kind === 'any' || pattern.kind === 'address');
    const to: unknown[] = [];
    const at = `/spec/egress/${egress.length}/to`;
    if (names.length > 0) {
      for (const [index, { rules }] of names.entries())
        comments.set(`${at}/0/domainNames/${index}`, entryComment(rules));
      to.push({ domainNames: names.map(({ pattern }) => starName(pattern)) });
    }
    for (const entry of ranges) {
      for (const ipBlock of blocksOf(entry, intent)) {
        comments.set(`${at}/${to.length}`, entryComment(entry.rules));
        to.push({ ipBlock });
      }
    }
    egress.push({ to, ports: networkPolicyPorts(ports) });
  }
  const object = {
    apiVersion: 'networking.k8s.aws/v1alpha1',
    kind: 'ApplicationNetworkPolicy',
    metadata: metadataOf(intent, subject, subject.name),
    spec: { podSelector: podSelector(subject.pods), policyTypes: ['Egress'], egress },
  };
  return { objects: [{ object, comments }], diagnostics: diagnosticsOf(plan, allowlist) };
}

function dnsRule(mode: Parameters<typeof resolversOf>[0]): unknown {
  const pods = resolversOf(mode).map(({ namespace, labels }) => ({
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    podSelector: { matchLabels: labels },
  }));
  const addresses = mode === 'node-local' ? [NODE_LOCAL_DNS] : mode === 'kube-dns' ? DNS_SERVICES : [];
  const port = resolversOf(mode)[0]?.port ?? 53;
  return {
    to: [...pods, ...addresses.map((cidr) => ({ ipBlock: { cidr } }))],
    ports: (['UDP', 'TCP'] as const).map((protocol) => ({ protocol, port })),
  };
}

/** Ranges without those that the proxy refuses; one range of everything has them as exceptions. */
function blocksOf(
  { pattern }: Entry,
  intent: Intent,
): readonly { readonly cidr: string; readonly except?: readonly string[] }[] {
  if (pattern.kind === 'address') return [{ cidr: pattern.cidr.text }];
  return familiesOf(intent).map((family) => ({
    cidr: EVERYWHERE[family].text,
    except: refusedRanges(intent)
      .filter((range) => range.family === family)
      .map((range) => `${formatAddress(range)}/${range.prefix}`),
  }));
}

function remarkCluster({ remarks }: Plan): void {
  remarks.add({
    what: 'controller',
    effect: 'fail-open',
    message:
      'it is enforced in EKS Auto Mode alone, with the network policy controller and the node class turned on; elsewhere everything passes',
    remedy:
      'Set enable-network-policy-controller in the ConfigMap amazon-vpc-cni and networkPolicy in the NodeClass',
  });
  remarks.add({
    what: 'dns-address',
    effect: 'note',
    severity: 'info',
    message:
      'DNS is opened at the addresses that EKS uses unless told otherwise, 10.100.0.10 and 172.20.0.10',
    remedy: "Add the DNS Service's address if the cluster has a Service range of its own",
  });
  remarks.add({
    what: 'union',
    effect: 'note',
    message: 'whether another NetworkPolicy of the same pods adds to it or limits it is not documented',
    remedy: 'Let no other policy that selects these pods open the Internet',
  });
}
