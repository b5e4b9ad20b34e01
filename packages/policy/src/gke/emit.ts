import { type Allowlist, formatPattern } from '@paude/allowlist';
import type { Emission, Emitter } from '../model/emitter.ts';
import type { Intent } from '../model/intent.ts';
import type { EmittedObject } from '../model/object.ts';
import { entryComment } from '../names/entry.ts';
import { remarkAddresses, remarkPrivate } from '../names/object-remarks.ts';
import { diagnosticsOf, type Plan, planNames } from '../names/plan.ts';
import { groupByPorts, rangesOf } from '../names/port-items.ts';
import type { Ports } from '../names/ports.ts';
import { dnsModeOf, NODE_LOCAL_DNS, resolversOf } from '../names/resolver.ts';
import { metadataOf, podSelector, type Subject, subjectOf } from '../names/subject.ts';
import { GKE_DIALECT } from './dialect.ts';

/**
 * An FQDNNetworkPolicy (`networking.gke.io/v1alpha1`) and, as it says nothing of DNS, a NetworkPolicy that opens that and
 * nothing else. The two are a union with every other NetworkPolicy of the same pods.
 */
export const gkeEmitter: Emitter = { kind: 'FQDNNetworkPolicy', emit };

function emit(allowlist: Allowlist, intent: Intent): Emission {
  const subject = subjectOf(intent);
  const plan = planNames(allowlist, intent, GKE_DIALECT, subject.name);
  remarkAddresses(plan);
  remarkPrivate(plan);
  remarkCluster(plan);
  const objects: EmittedObject[] = [];
  const groups = groupByPorts(plan.allows);
  if (groups.length > 0) {
    const comments = new Map<string, string>();
    const egress = groups.map(([ports, entries], index) => {
      for (const [place, { rules }] of entries.entries()) {
        comments.set(`/spec/egress/${index}/matches/${place}`, entryComment(rules));
      }
      const matches = entries.map(({ pattern }) =>
        pattern.kind === 'exact' ? { name: pattern.name } : { pattern: formatPattern(pattern) },
      );
      return { matches, ports: portItems(ports) };
    });
    const object = {
      apiVersion: 'networking.gke.io/v1alpha1',
      kind: 'FQDNNetworkPolicy',
      metadata: metadataOf(intent, subject, subject.name),
      spec: { podSelector: podSelector(subject.pods), egress },
    };
    objects.push({ object, comments });
  }
  objects.push(dnsPolicy(intent, subject));
  return { objects, diagnostics: diagnosticsOf(plan, allowlist) };
}

/** Without a port every TCP port is meant; there are no runs of ports. */
function portItems(ports: Ports): readonly unknown[] {
  if (ports === 'all') return [{ protocol: 'TCP' }];
  return rangesOf(ports).flatMap(({ first, last }) =>
    Array.from({ length: last - first + 1 }, (_, index) => ({ protocol: 'TCP', port: first + index })),
  );
}

function dnsPolicy(intent: Intent, subject: Subject): EmittedObject {
  const mode = dnsModeOf(intent, subject);
  const ports = (port: number) => (['UDP', 'TCP'] as const).map((protocol) => ({ protocol, port }));
  const egress: unknown[] = resolversOf(mode).map(({ namespace, labels, port }) => ({
    to: [
      {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        podSelector: { matchLabels: labels },
      },
    ],
    ports: ports(port),
  }));
  if (mode === 'node-local') egress.push({ to: [{ ipBlock: { cidr: NODE_LOCAL_DNS } }], ports: ports(53) });
  const object = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: metadataOf(intent, subject, `${subject.name}-names-dns`),
    spec: { podSelector: podSelector(subject.pods), policyTypes: ['Egress'], egress },
  };
  return {
    object,
    comments: new Map([['/spec/egress', 'DNS alone: names are opened by the FQDNNetworkPolicy']]),
  };
}

function remarkCluster({ remarks }: Plan): void {
  remarks.add({
    what: 'union',
    effect: 'fail-open',
    message:
      'it adds to NetworkPolicies of the same pods: one that opens port 443 to the Internet leaves it without effect',
    remedy: 'Apply it in place of a NetworkPolicy that opens ports for the proxy, not beside it',
  });
  remarks.add({
    what: 'dataplane',
    effect: 'fail-open',
    message: 'it is enforced by GKE Dataplane V2 with FQDN network policy turned on alone',
    remedy: 'Create the cluster with --enable-dataplane-v2 and --enable-fqdn-network-policy',
  });
}
