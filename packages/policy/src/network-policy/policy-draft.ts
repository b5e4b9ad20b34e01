import type { Cidr } from '@paude/allowlist';
import { objectLabels } from '../intents/object-names.ts';
import type { Intent, PodGroup } from '../model/intent.ts';
import type { EmittedObject } from '../model/object.ts';
import { formatRange, type PortRange } from './port-ranges.ts';
import { type AddressBlock, rangeName } from './special-ranges.ts';

/** A peer as it is written, with what is said of the ranges that it leaves out. */
export interface DraftPeer {
  readonly peer: object;
  readonly comment?: string | undefined;
  /** Those in `ipBlock.except`, in order. */
  readonly except?: readonly Cidr[];
}

/** A port as it is written. */
export interface DraftPort {
  readonly port: object;
  readonly comment?: string | undefined;
}

/** One rule of a policy. */
export interface DraftRule {
  readonly comment: string;
  readonly peers: readonly DraftPeer[];
  readonly ports: readonly DraftPort[];
}

/** A NetworkPolicy before it is written; a direction that is undefined is not its matter. */
export interface PolicyDraft {
  readonly name: string;
  readonly namespace: string;
  readonly podLabels: Readonly<Record<string, string>>;
  readonly head: string;
  readonly egress?: readonly DraftRule[] | undefined;
  readonly ingress?: readonly DraftRule[] | undefined;
}

/** The policy as an object, its comments where they belong. */
export function policyObject(draft: PolicyDraft, intent: Intent): EmittedObject {
  const comments = new Map([['', draft.head]]);
  const rulesOf = (direction: 'egress' | 'ingress', rules: readonly DraftRule[]): object[] =>
    rules.map((rule, index) =>
      writtenRule(rule, { direction, pointer: `/spec/${direction}/${index}`, comments }),
    );
  const { name, namespace, podLabels, egress, ingress } = draft;
  const object = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace, labels: objectLabels(intent) },
    spec: {
      podSelector: selector(podLabels),
      policyTypes: [
        ...(egress === undefined ? [] : ['Egress']),
        ...(ingress === undefined ? [] : ['Ingress']),
      ],
      ...(egress === undefined ? {} : { egress: rulesOf('egress', egress) }),
      ...(ingress === undefined ? {} : { ingress: rulesOf('ingress', ingress) }),
    },
  };
  return { object, comments };
}

interface RulePlace {
  readonly direction: 'egress' | 'ingress';
  readonly pointer: string;
  readonly comments: Map<string, string>;
}

function writtenRule(rule: DraftRule, { direction, pointer, comments }: RulePlace): object {
  const key = direction === 'egress' ? 'to' : 'from';
  const note = (at: string, comment: string | undefined): void => {
    if (comment !== undefined) comments.set(at, comment);
  };
  note(pointer, rule.comment);
  rule.peers.forEach(({ comment, except = [] }, index) => {
    note(`${pointer}/${key}/${index}`, comment);
    except.forEach((cidr, place) => {
      note(`${pointer}/${key}/${index}/ipBlock/except/${place}`, rangeName(cidr));
    });
  });
  rule.ports.forEach(({ comment }, index) => {
    note(`${pointer}/ports/${index}`, comment);
  });
  return { [key]: rule.peers.map(({ peer }) => peer), ports: rule.ports.map(({ port }) => port) };
}

/** Pods as a peer of a policy in a namespace. Pods of that namespace need no selector for it. */
export function podPeer(group: PodGroup, namespace: string, policyNamespace: string): DraftPeer {
  const peerNamespace = group.namespace ?? namespace;
  const labels =
    group.namespaceLabels ??
    (peerNamespace === policyNamespace ? undefined : { 'kubernetes.io/metadata.name': peerNamespace });
  return {
    peer: {
      ...(labels === undefined ? {} : { namespaceSelector: selector(labels) }),
      podSelector: selector(group.labels),
    },
  };
}

/** A range of addresses as a peer. */
export function blockPeer({ cidr, except }: AddressBlock, comment?: string): DraftPeer {
  const texts = except.map(({ text }) => text);
  return {
    peer: { ipBlock: { cidr: cidr.text, ...(texts.length === 0 ? {} : { except: texts }) } },
    comment,
    except,
  };
}

/** Ports of a protocol. */
export function portEntry(protocol: 'TCP' | 'UDP', range: PortRange, comment?: string): DraftPort {
  const [first, last] = range;
  const numbers =
    formatRange(range) === 'every port' ? {} : { port: first, ...(last === first ? {} : { endPort: last }) };
  return { port: { protocol, ...numbers }, comment };
}

/** Labels as a selector; no labels select everything. */
function selector(labels: Readonly<Record<string, string>>): object {
  const entries = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? {} : { matchLabels: Object.fromEntries(entries) };
}
