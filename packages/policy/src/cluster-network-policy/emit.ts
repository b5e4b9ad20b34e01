import type { Allowlist, Pattern } from '@paude/allowlist';
import { objectLabels } from '../intents/object-names.ts';
import type { Emission, Emitter } from '../model/emitter.ts';
import type { Intent } from '../model/intent.ts';
import { EVERYWHERE, familiesOf, refusedRanges } from '../names/cidrs.ts';
import { type Entry, entryComment } from '../names/entry.ts';
import { remarkAddresses } from '../names/object-remarks.ts';
import { diagnosticsOf, type Plan, planNames } from '../names/plan.ts';
import { groupByPorts, inParts, rangesOf } from '../names/port-items.ts';
import type { Ports } from '../names/ports.ts';
import { refuseBudget } from '../names/refuse-budget.ts';
import { dnsModeOf, NODE_LOCAL_DNS, resolversOf } from '../names/resolver.ts';
import { starName } from '../names/star-name.ts';
import { podSelector, type Subject, subjectOf } from '../names/subject.ts';
import { CLUSTER_NETWORK_POLICY_DIALECT, MAX_CLUSTER_POLICY_ITEMS } from './dialect.ts';

/** In the middle of the tier, so that an administrator's policies have places on both sides. */
const PRIORITY = 500;

/** A rule of `spec.egress`; its comments stand at pointers behind the rule's own. */
interface Rule {
  readonly rule: Readonly<Record<string, unknown>>;
  readonly comments: readonly (readonly [pointer: string, comment: string])[];
}

/**
 * A ClusterNetworkPolicy (`policy.networking.k8s.io/v1alpha2`) of the Admin tier, which is decided before any
 * NetworkPolicy. The first rule that matches holds: DNS, special-use ranges denied, what the allowlist denies, the names,
 * and everything else denied, pods of the cluster included.
 */
export const clusterNetworkPolicyEmitter: Emitter = { kind: 'ClusterNetworkPolicy', emit };

function emit(allowlist: Allowlist, intent: Intent): Emission {
  const subject = subjectOf(intent);
  // Neither a namespace nor a name has a dot: no two sessions share this one.
  const name = `paude.${subject.namespace}.${intent.name}`;
  const plan = planNames(allowlist, intent, CLUSTER_NETWORK_POLICY_DIALECT, name);
  remarkAddresses(plan);
  remarkCluster(plan, subject);
  const rules: readonly Rule[] = [
    ...dnsRules(intent, subject),
    denyRule(
      refusedRanges(intent).map(({ text }) => text),
      'all',
      'special-use',
      'special use: no name may lead there',
    ),
    ...groupByPorts(plan.denies).flatMap(([ports, entries]) => denyGroup(ports, entries)),
    ...groupByPorts(plan.allows).flatMap(([ports, entries]) => acceptGroup(ports, entries, intent)),
    denyRule(
      familiesOf(intent).map((family) => EVERYWHERE[family].text),
      'all',
      'everything-else',
      'everything else',
    ),
  ];
  if (rules.length > MAX_CLUSTER_POLICY_ITEMS) {
    refuseBudget(plan.remarks, {
      message: `it would have ${rules.length} rules of at most ${MAX_CLUSTER_POLICY_ITEMS}`,
      entries: plan.allows,
      wildcards: true,
      otherwise: 'allow fewer different sets of ports, each of which is a rule of its own',
    });
    return { objects: [], diagnostics: diagnosticsOf(plan, allowlist) };
  }
  const object = {
    apiVersion: 'policy.networking.k8s.io/v1alpha2',
    kind: 'ClusterNetworkPolicy',
    metadata: { name, labels: objectLabels(intent) },
    spec: {
      tier: 'Admin',
      priority: PRIORITY,
      subject: {
        pods: {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': subject.namespace } },
          podSelector: podSelector(subject.pods),
        },
      },
      egress: rules.map(({ rule }) => rule),
    },
  };
  const comments = new Map(
    rules.flatMap(({ comments: own }, index) =>
      own.map(([pointer, comment]) => [`/spec/egress/${index}${pointer}`, comment] as const),
    ),
  );
  return { objects: [{ object, comments }], diagnostics: diagnosticsOf(plan, allowlist) };
}

function dnsRules(intent: Intent, subject: Subject): Rule[] {
  const mode = dnsModeOf(intent, subject);
  const protocols = (port: number) =>
    (['udp', 'tcp'] as const).map((name) => ({ [name]: { destinationPort: { number: port } } }));
  const pods = resolversOf(mode).map(({ namespace, labels, port }) => ({
    to: [
      {
        pods: {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
          podSelector: { matchLabels: labels },
        },
      },
    ],
    protocols: protocols(port),
  }));
  const caches =
    mode === 'node-local' ? [{ to: [{ networks: [NODE_LOCAL_DNS] }], protocols: protocols(53) }] : [];
  return [...pods, ...caches].map((rule) => ({
    rule: { name: 'dns', action: 'Accept', ...rule },
    comments: [['', 'DNS']],
  }));
}

function denyRule(networks: readonly string[], ports: Ports, name: string, comment: string): Rule {
  const to = inParts(networks, MAX_CLUSTER_POLICY_ITEMS).map((part) => ({ networks: part }));
  const rule = { name, action: 'Deny', to };
  return {
    rule: ports === 'all' ? rule : { ...rule, protocols: protocolsOf(ports) },
    comments: [['', comment]],
  };
}

function denyGroup(ports: Ports, entries: readonly Entry[]): Rule[] {
  const comment = entryComment(entries.flatMap(({ rules }) => rules));
  const networks = entries.flatMap(({ pattern }) => (pattern.kind === 'address' ? [pattern.cidr.text] : []));
  return inParts(networks, MAX_CLUSTER_POLICY_ITEMS ** 2).flatMap((part) =>
    portParts(ports).map((some) => denyRule(part, some, 'denied', comment)),
  );
}

/** Peers of 25 names or ranges, rules of 25 peers, for every 25 runs of ports. */
function acceptGroup(ports: Ports, entries: readonly Entry[], intent: Intent): Rule[] {
  const names: (readonly [text: string, comment: string])[] = [];
  const networks: (readonly [text: string, comment: string])[] = [];
  for (const { pattern, rules } of entries) {
    const comment = entryComment(rules);
    if (isRange(pattern)) for (const text of rangeTexts(pattern, intent)) networks.push([text, comment]);
    else names.push([starName(pattern), comment]);
  }
  const peers = [
    ...inParts(names, MAX_CLUSTER_POLICY_ITEMS).map((part) => ({ field: 'domainNames', part })),
    ...inParts(networks, MAX_CLUSTER_POLICY_ITEMS).map((part) => ({ field: 'networks', part })),
  ];
  return inParts(peers, MAX_CLUSTER_POLICY_ITEMS).flatMap((some) =>
    portParts(ports).map((part) => ({
      rule: {
        name: 'allowed',
        action: 'Accept',
        to: some.map(({ field, part: items }) => ({ [field]: items.map(([text]) => text) })),
        protocols: protocolsOf(part),
      },
      comments: some.flatMap(({ field, part: items }, place) =>
        items.map(([, comment], index) => [`/to/${place}/${field}/${index}`, comment] as const),
      ),
    })),
  );
}

function isRange({ kind }: Pattern): boolean {
  return kind === 'any' || kind === 'address';
}

function rangeTexts(pattern: Pattern, intent: Intent): readonly string[] {
  return pattern.kind === 'address'
    ? [pattern.cidr.text]
    : familiesOf(intent).map((family) => EVERYWHERE[family].text);
}

/** Ports in sets of at most 25 runs. */
function portParts(ports: Ports): readonly Ports[] {
  if (ports === 'all') return [ports];
  return inParts(rangesOf(ports), MAX_CLUSTER_POLICY_ITEMS).map((ranges) =>
    ranges.flatMap(({ first, last }) =>
      Array.from({ length: last - first + 1 }, (_, index) => first + index),
    ),
  );
}

function protocolsOf(ports: Ports): readonly unknown[] {
  return rangesOf(ports).map(({ first, last }) => ({
    tcp: { destinationPort: first === last ? { number: first } : { range: { start: first, end: last } } },
  }));
}

function remarkCluster({ remarks }: Plan, { pods }: Subject): void {
  remarks.add({
    what: 'cluster-scoped',
    effect: 'note',
    severity: 'info',
    message: `it is an object of the whole cluster in the Admin tier, at priority ${PRIORITY}: only an administrator may write it, and NetworkPolicies of these pods no longer count for egress`,
    remedy:
      'Let nothing else in the tier at this priority select these pods: which of two holds is not defined',
  });
  remarks.add({
    what: 'experimental',
    effect: 'note',
    message:
      'domainNames are in the experimental channel of the CRD alone; without them the rule accepts nothing',
    remedy: 'Install the experimental CRD, and a network plugin that knows the field',
  });
  if (pods.namespaceLabels !== undefined && pods.namespace === undefined) {
    remarks.add({
      what: 'own-namespace',
      effect: 'note',
      message: 'it selects pods of its own namespace alone',
      remedy: 'Make one for each namespace that has such pods',
    });
  }
}
