import { type Cidr, parseCidr } from '@paude/allowlist';
import { PaudeError } from '@paude/errors';
import type { KubernetesObject } from '../model/object.ts';
import { ALL_PORTS, type PortRange } from './port-ranges.ts';
import { isRecord, readSelector, type Selector } from './selector.ts';

/** Ports of a rule; without a range they have a name, which only the pods know. */
export interface PortView {
  readonly protocol: string;
  readonly range: PortRange | undefined;
}

/** A peer of a rule: addresses, pods, or what cannot be read. */
export type PeerView =
  | { readonly kind: 'block'; readonly cidr: Cidr; readonly except: readonly Cidr[] }
  | {
      readonly kind: 'pods';
      readonly pods: Selector;
      /** Undefined: the policy's own namespace. */
      readonly namespaces: { readonly selector: Selector } | undefined;
    }
  | { readonly kind: 'unreadable' };

/** A rule for what goes out, or for what comes in. */
export interface RuleView {
  /** Undefined: everyone, everywhere. */
  readonly peers: readonly PeerView[] | undefined;
  /** Undefined: every port of every protocol. */
  readonly ports: readonly PortView[] | undefined;
  /** The rule as it stands in the object. */
  readonly written: unknown;
}

/** What of a NetworkPolicy bears on what goes out, and on what comes in. */
export interface PolicyView {
  readonly name: string;
  readonly namespace: string | undefined;
  /** Whether we made it, as its labels say. */
  readonly isOurs: boolean;
  readonly pods: Selector;
  /** Whether it holds what goes out. */
  readonly isEgress: boolean;
  readonly egress: readonly RuleView[];
  /** Whether it holds what comes in. */
  readonly isIngress: boolean;
  readonly ingress: readonly RuleView[];
}

/** Reads a NetworkPolicy, whatever it is; what cannot be read may select any pod. */
export function readPolicy({ metadata, spec }: KubernetesObject): PolicyView {
  const { labels = {} } = metadata;
  const isOurs = labels.app === 'paude' || labels['app.kubernetes.io/managed-by'] === 'paude';
  const common = { name: metadata.name, namespace: metadata.namespace, isOurs };
  const { podSelector, policyTypes, egress, ingress } = isRecord(spec) ? spec : {};
  const types = policyTypes ?? [];
  const rules = egress ?? [];
  const entrances = ingress ?? [];
  if (!isRecord(spec) || !Array.isArray(types) || !Array.isArray(rules) || !Array.isArray(entrances)) {
    return { ...common, pods: undefined, isEgress: true, egress: [], isIngress: true, ingress: [] };
  }
  // Without types the API server takes Ingress, and Egress only if there are rules for it.
  const isEgress = types.length === 0 ? rules.length > 0 : types.includes('Egress');
  return {
    ...common,
    pods: readSelector(podSelector),
    isEgress,
    egress: rules.map((rule) => readRule(rule, 'to')),
    isIngress: types.length === 0 || types.includes('Ingress'),
    ingress: entrances.map((rule) => readRule(rule, 'from')),
  };
}

function readRule(rule: unknown, side: 'to' | 'from'): RuleView {
  if (!isRecord(rule)) return { peers: [{ kind: 'unreadable' }], ports: undefined, written: rule };
  const { [side]: peers, ports } = rule;
  return { peers: readList(peers)?.map(readPeer), ports: readList(ports)?.map(readPort), written: rule };
}

/** The items of a list; undefined where there are none, which means everything. What is no list is one unreadable item. */
function readList(value: unknown): readonly unknown[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) return [value];
  return value.length === 0 ? undefined : value;
}

function readPeer(peer: unknown): PeerView {
  if (!isRecord(peer)) return { kind: 'unreadable' };
  const { ipBlock, podSelector, namespaceSelector } = peer;
  if (isRecord(ipBlock)) {
    const except = ipBlock.except ?? [];
    const cidr = readCidr(ipBlock.cidr);
    const holes = Array.isArray(except) ? except.map(readCidr) : [undefined];
    const read = holes.flatMap((hole) => hole ?? []);
    if (cidr === undefined || read.length !== holes.length) return { kind: 'unreadable' };
    return { kind: 'block', cidr, except: read };
  }
  if (podSelector === undefined && namespaceSelector === undefined) return { kind: 'unreadable' };
  const namespaces =
    namespaceSelector === undefined ? undefined : { selector: readSelector(namespaceSelector) };
  return { kind: 'pods', pods: readSelector(podSelector), namespaces };
}

function readPort(value: unknown): PortView {
  if (!isRecord(value)) return { protocol: 'TCP', range: undefined };
  const { protocol = 'TCP', port, endPort } = value;
  const range = ((): PortRange | undefined => {
    if (port === undefined || port === null) return ALL_PORTS;
    if (typeof port !== 'number') return undefined;
    return [port, typeof endPort === 'number' ? endPort : port];
  })();
  return { protocol: String(protocol), range };
}

function readCidr(value: unknown): Cidr | undefined {
  if (typeof value !== 'string') return undefined;
  try {
    return parseCidr(value);
  } catch (error) {
    if (error instanceof PaudeError) return undefined;
    throw error;
  }
}
