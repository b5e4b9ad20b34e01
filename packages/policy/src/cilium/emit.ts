import { type Allowlist, formatPattern, type Pattern } from '@paude/allowlist';
import type { Emission, Emitter } from '../model/emitter.ts';
import type { Intent } from '../model/intent.ts';
import { EVERYWHERE, familiesOf, refusedRanges } from '../names/cidrs.ts';
import { type Entry, entryComment } from '../names/entry.ts';
import { remarkAddresses } from '../names/object-remarks.ts';
import { diagnosticsOf, type Plan, planNames } from '../names/plan.ts';
import { groupByPorts, inParts, rangesOf } from '../names/port-items.ts';
import type { Ports } from '../names/ports.ts';
import { dnsModeOf, resolversOf } from '../names/resolver.ts';
import { metadataOf, podSelector, subjectOf } from '../names/subject.ts';
import { CILIUM_DIALECT, MAX_CILIUM_PORTS } from './dialect.ts';

/** An item of `toFQDNs` and of `rules.dns`. */
type FqdnSelector = { readonly matchName: string } | { readonly matchPattern: string };

interface CommentedRule {
  readonly rule: Readonly<Record<string, unknown>>;
  /** Above the rule itself (`''`) and above what is in it, by the pointer that follows. */
  readonly comments: readonly (readonly [pointer: string, comment: string])[];
}

/**
 * A CiliumNetworkPolicy (`cilium.io/v2`). Names work through Cilium's DNS proxy: lookups of the allowed names alone are
 * let through, which also closes DNS as a way out, and what they resolve to is opened at the rule's ports. Rules for the
 * same ports are one. Special-use ranges are denied, which holds over every allow.
 */
export const ciliumEmitter: Emitter = { kind: 'CiliumNetworkPolicy', emit };

function emit(allowlist: Allowlist, intent: Intent): Emission {
  const subject = subjectOf(intent);
  const plan = planNames(allowlist, intent, CILIUM_DIALECT, subject.name);
  const names = plan.allows.filter(({ pattern }) => pattern.kind !== 'any' && pattern.kind !== 'address');
  const mode = dnsModeOf(intent, subject);
  remarkAddresses(plan);
  if (mode === 'none' && names.length > 0) {
    plan.remarks.add({
      what: 'dns-needed',
      effect: 'inexpressible',
      severity: 'error',
      message: 'names are learned from the lookups of the pods themselves, and DNS is closed to them',
      remedy: 'Put a proxy between, which looks names up, or give the pods DNS',
    });
    return { objects: [], diagnostics: diagnosticsOf(plan, allowlist) };
  }
  remarkCluster(plan, mode === 'node-local');
  const isOpen = plan.allows.some(({ pattern }) => pattern.kind === 'any');
  const rules = [
    ...(mode === 'none' ? [] : dnsRules(mode, isOpen ? undefined : names)),
    ...groupByPorts(plan.allows).flatMap(([ports, entries]) => destinationRules(ports, entries, intent)),
  ];
  const denies = [
    denyRule(
      refusedRanges(intent).map(({ text }) => text),
      'all',
      'special use: no name may lead there',
    ),
    ...plan.denies.map(({ pattern, ports, rules: from }) =>
      denyRule([rangeOf(pattern)], ports, entryComment(from)),
    ),
  ];
  const comments = [...commentsOf(rules, '/spec/egress'), ...commentsOf(denies, '/spec/egressDeny')];
  const spec = {
    endpointSelector: podSelector(subject.pods),
    // An empty rule selects the pods and lets nothing pass; no rule at all would not select them.
    egress: rules.length === 0 ? [{}] : rules.map(({ rule }) => rule),
    egressDeny: denies.map(({ rule }) => rule),
  };
  const object = {
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumNetworkPolicy',
    metadata: metadataOf(intent, subject, subject.name),
    spec,
  };
  return { objects: [{ object, comments: new Map(comments) }], diagnostics: diagnosticsOf(plan, allowlist) };
}

/** DNS to the cluster's resolver, for these names alone; for every name when undefined. */
function dnsRules(
  mode: Parameters<typeof resolversOf>[0],
  names: readonly Entry[] | undefined,
): CommentedRule[] {
  if (names?.length === 0) return [];
  const dns: readonly FqdnSelector[] = names?.map(({ pattern }) => selectorOf(pattern)) ?? [
    { matchPattern: '*' },
  ];
  return resolversOf(mode).map(({ namespace, labels, port }) => ({
    rule: {
      toEndpoints: [{ matchLabels: { 'k8s:io.kubernetes.pod.namespace': namespace, ...prefixed(labels) } }],
      toPorts: [
        {
          ports: (['UDP', 'TCP'] as const).map((protocol) => ({ port: String(port), protocol })),
          rules: { dns },
        },
      ],
    },
    comments: [['', 'lookups of the allowed names: others are refused, and so DNS is no way out']],
  }));
}

/** Names and ranges stand in rules of their own: `toFQDNs` may not stand beside another `to`. */
function destinationRules(ports: Ports, entries: readonly Entry[], intent: Intent): CommentedRule[] {
  const toPorts = portItems(ports);
  const rules: CommentedRule[] = [];
  const names = entries.filter(({ pattern }) => pattern.kind !== 'any' && pattern.kind !== 'address');
  if (names.length > 0) {
    rules.push({
      rule: { toFQDNs: names.map(({ pattern }) => selectorOf(pattern)), toPorts },
      comments: names.map((entry, index) => [`/toFQDNs/${index}`, entryComment(entry.rules)]),
    });
  }
  const ranges = entries.filter(({ pattern }) => pattern.kind === 'any' || pattern.kind === 'address');
  if (ranges.length > 0) {
    const toCIDR = ranges.flatMap(({ pattern, rules: from }) => {
      const texts =
        pattern.kind === 'any'
          ? familiesOf(intent).map((family) => EVERYWHERE[family].text)
          : [rangeOf(pattern)];
      return texts.map((text) => [text, entryComment(from)] as const);
    });
    rules.push({
      rule: { toCIDR: toCIDR.map(([text]) => text), toPorts },
      comments: toCIDR.map(([, comment], index) => [`/toCIDR/${index}`, comment]),
    });
  }
  return rules;
}

function denyRule(toCIDR: readonly string[], ports: Ports, comment: string): CommentedRule {
  return {
    rule: ports === 'all' ? { toCIDR } : { toCIDR, toPorts: portItems(ports) },
    comments: [['', comment]],
  };
}

/** Port 1 to 65535 of TCP is every port of it, without opening other protocols. */
function portItems(ports: Ports): readonly { readonly ports: readonly unknown[] }[] {
  const entries = rangesOf(ports).map(({ first, last }) =>
    first === last
      ? { port: String(first), protocol: 'TCP' }
      : { port: String(first), endPort: last, protocol: 'TCP' },
  );
  return inParts(entries, MAX_CILIUM_PORTS).map((part) => ({ ports: part }));
}

function selectorOf(pattern: Pattern): FqdnSelector {
  const text = formatPattern(pattern);
  return pattern.kind === 'exact' ? { matchName: pattern.name } : { matchPattern: text };
}

function rangeOf(pattern: Pattern): string {
  return pattern.kind === 'address' ? pattern.cidr.text : '';
}

function prefixed(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([key, value]) => [`k8s:${key}`, value]));
}

function commentsOf(rules: readonly CommentedRule[], at: string): (readonly [string, string])[] {
  return rules.flatMap(({ comments }, index) =>
    comments.map(([pointer, comment]) => [`${at}/${index}${pointer}`, comment] as const),
  );
}

function remarkCluster({ allows, remarks }: Plan, isNodeLocal: boolean): void {
  remarks.add({
    what: 'union',
    effect: 'note',
    severity: 'info',
    message: 'another policy that selects the same pods adds to it, and host-network pods are not held',
    remedy: 'Audit the policies of the namespace together',
  });
  if (allows.some(({ pattern }) => pattern.kind === 'subdomains' || isDeepGlob(pattern))) {
    remarks.add({
      what: 'deep-wildcards',
      effect: 'note',
      severity: 'info',
      message: '**. in front of a name reaches every depth from Cilium 1.19 on; before that it is one label',
      remedy: 'Name the deeper hosts for an older Cilium',
    });
  }
  if (isNodeLocal) {
    remarks.add({
      what: 'node-local-dns',
      effect: 'note',
      message:
        'a NodeLocal DNSCache on the host network does not pass the DNS proxy, and no name would be learned',
      remedy: 'Run NodeLocal DNSCache by a CiliumLocalRedirectPolicy, or let these pods ask kube-dns',
    });
  }
}

function isDeepGlob(pattern: Pattern): boolean {
  return pattern.kind === 'glob' && pattern.glob.startsWith('**.');
}
