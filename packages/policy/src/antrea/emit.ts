import type { Allowlist } from '@paude/allowlist';
import type { Emission, Emitter } from '../model/emitter.ts';
import type { Intent } from '../model/intent.ts';
import { EVERYWHERE, familiesOf, refusedRanges } from '../names/cidrs.ts';
import { type Entry, entryComment } from '../names/entry.ts';
import { remarkAddresses } from '../names/object-remarks.ts';
import { diagnosticsOf, type Plan, planNames } from '../names/plan.ts';
import { groupByPorts, networkPolicyPorts } from '../names/port-items.ts';
import type { Ports } from '../names/ports.ts';
import { dnsModeOf, NODE_LOCAL_DNS, resolversOf } from '../names/resolver.ts';
import { starName } from '../names/star-name.ts';
import { metadataOf, podSelector, type Subject, subjectOf } from '../names/subject.ts';
import { ANTREA_DIALECT } from './dialect.ts';

/** In the middle of the tier, so that there are places on both sides. */
const PRIORITY = 100;

interface Rule {
  readonly rule: Readonly<Record<string, unknown>>;
  readonly comments: readonly (readonly [pointer: string, comment: string])[];
}

/**
 * An Antrea NetworkPolicy (`crd.antrea.io/v1beta1`) of the application tier, which is decided before any NetworkPolicy of
 * Kubernetes. The first rule that matches holds: DNS, special-use ranges dropped, what the allowlist denies, the names,
 * and everything else dropped.
 */
export const antreaEmitter: Emitter = { kind: 'AntreaNetworkPolicy', emit };

function emit(allowlist: Allowlist, intent: Intent): Emission {
  const subject = subjectOf(intent);
  const plan = planNames(allowlist, intent, ANTREA_DIALECT, subject.name);
  remarkAddresses(plan);
  remarkCluster(plan);
  const rules: readonly Rule[] = [
    ...dnsRules(intent, subject),
    {
      rule: {
        name: 'special-use',
        action: 'Drop',
        to: refusedRanges(intent).map(({ text }) => ({ ipBlock: { cidr: text } })),
      },
      comments: [['', 'special use: no name may lead there']],
    },
    ...groupByPorts(plan.denies).map(([ports, entries], index) =>
      groupRule(`denied-${index + 1}`, 'Drop', ports, entries, intent),
    ),
    ...groupByPorts(plan.allows).map(([ports, entries], index) =>
      groupRule(`allowed-${index + 1}`, 'Allow', ports, entries, intent),
    ),
    {
      rule: { name: 'everything-else', action: 'Drop' },
      comments: [['', 'everything else, pods of the cluster as well']],
    },
  ];
  const object = {
    apiVersion: 'crd.antrea.io/v1beta1',
    kind: 'NetworkPolicy',
    metadata: metadataOf(intent, subject, subject.name),
    spec: {
      tier: 'application',
      priority: PRIORITY,
      appliedTo: [{ podSelector: podSelector(subject.pods) }],
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
  const peers: { readonly to: unknown; readonly port: number }[] = resolversOf(mode).map(
    ({ namespace, labels, port }) => ({
      to: {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        podSelector: { matchLabels: labels },
      },
      port,
    }),
  );
  if (mode === 'node-local') peers.push({ to: { ipBlock: { cidr: NODE_LOCAL_DNS } }, port: 53 });
  return peers.map(({ to, port }, index) => ({
    rule: {
      name: `dns-${index + 1}`,
      action: 'Allow',
      to: [to],
      ports: (['UDP', 'TCP'] as const).map((protocol) => ({ protocol, port })),
    },
    comments: [['', 'DNS']],
  }));
}

function groupRule(
  name: string,
  action: 'Allow' | 'Drop',
  ports: Ports,
  entries: readonly Entry[],
  intent: Intent,
): Rule {
  const peers = entries.flatMap(({ pattern, rules }) => {
    const comment = entryComment(rules);
    if (pattern.kind !== 'any') {
      const peer =
        pattern.kind === 'address' ? { ipBlock: { cidr: pattern.cidr.text } } : { fqdn: starName(pattern) };
      return [{ peer, comment }];
    }
    return familiesOf(intent).map((family) => ({
      peer: { ipBlock: { cidr: EVERYWHERE[family].text } },
      comment,
    }));
  });
  const rule = { name, action, to: peers.map(({ peer }) => peer) };
  return {
    // A deny at every port is one of every protocol.
    rule: action === 'Drop' && ports === 'all' ? rule : { ...rule, ports: networkPolicyPorts(ports) },
    comments: peers.map(({ comment }, index) => [`/to/${index}`, comment]),
  };
}

function remarkCluster({ denies, remarks }: Plan): void {
  remarks.add({
    what: 'fails-open',
    effect: 'fail-open',
    message:
      'it holds only where Antrea runs with AntreaPolicy turned on, and the status says that every node has it',
    remedy: 'Compare status.currentNodesRealized with status.desiredNodesRealized before the pods start',
  });
  if (denies.some(({ pattern }) => pattern.kind !== 'address')) {
    remarks.add({
      what: 'denied-addresses',
      effect: 'narrowed',
      severity: 'info',
      message: 'a denied name is dropped by its addresses, and with it what else is served there',
      remedy: 'Leave denies to the proxy if allowed names share their addresses',
    });
  }
}
