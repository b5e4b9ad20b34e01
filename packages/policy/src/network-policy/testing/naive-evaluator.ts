/**
 * NetworkPolicy as the Kubernetes documentation tells it, written apart from the code under test, and as plainly as it
 * can be: addresses are numbers, policies plain objects. Only for what the emitter writes.
 */
export interface Packet {
  readonly from: { readonly labels: Readonly<Record<string, string>>; readonly namespace: string };
  readonly to: {
    readonly address?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly namespace?: string;
  };
  readonly port: number;
  readonly protocol: string;
}

interface Peer {
  ipBlock?: { cidr: string; except?: string[] };
  podSelector?: { matchLabels?: Record<string, string> };
  namespaceSelector?: { matchLabels?: Record<string, string> };
}
interface Rule {
  to?: Peer[];
  ports?: { protocol: string; port?: number; endPort?: number }[];
}
interface Policy {
  metadata: { namespace: string };
  spec: { podSelector: { matchLabels?: Record<string, string> }; policyTypes: string[]; egress?: Rule[] };
}

/** Whether policies let a packet out of its pod. */
export function letsOut(objects: readonly unknown[], packet: Packet): boolean {
  const policies = (objects as Policy[]).filter(
    ({ metadata, spec }) =>
      metadata.namespace === packet.from.namespace &&
      spec.policyTypes.includes('Egress') &&
      hasLabels(packet.from.labels, spec.podSelector.matchLabels),
  );
  if (policies.length === 0) return true;
  return policies.some(({ metadata, spec }) =>
    (spec.egress ?? []).some(
      (rule) =>
        (rule.to === undefined || rule.to.some((peer) => isPeer(peer, packet, metadata.namespace))) &&
        (rule.ports === undefined || rule.ports.some((port) => isPort(port, packet))),
    ),
  );
}

function isPort(
  { protocol, port, endPort }: { protocol: string; port?: number; endPort?: number },
  packet: Packet,
) {
  if (protocol !== packet.protocol) return false;
  return port === undefined || (packet.port >= port && packet.port <= (endPort ?? port));
}

function isPeer(peer: Peer, packet: Packet, policyNamespace: string): boolean {
  const { address, labels, namespace } = packet.to;
  if (peer.ipBlock !== undefined) {
    if (address === undefined) return false;
    const { cidr, except = [] } = peer.ipBlock;
    return inRange(address, cidr) && !except.some((range) => inRange(address, range));
  }
  if (labels === undefined || namespace === undefined) return false;
  const namespaceLabels = { 'kubernetes.io/metadata.name': namespace };
  const isNamespace =
    peer.namespaceSelector === undefined
      ? namespace === policyNamespace
      : hasLabels(namespaceLabels, peer.namespaceSelector.matchLabels);
  return isNamespace && (peer.podSelector === undefined || hasLabels(labels, peer.podSelector.matchLabels));
}

function hasLabels(labels: Readonly<Record<string, string>>, wanted: Record<string, string> = {}): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value);
}

/** Whether an address lies in a range, both as text. */
export function inRange(address: string, range: string): boolean {
  const [base = '', prefix = ''] = range.split('/');
  if (address.includes(':') !== base.includes(':')) return false;
  const bits = address.includes(':') ? 128n : 32n;
  const shift = bits - BigInt(prefix);
  return toNumber(address) >> shift === toNumber(base) >> shift;
}

function toNumber(address: string): bigint {
  if (!address.includes(':')) {
    return address.split('.').reduce((value, part) => value * 256n + BigInt(part), 0n);
  }
  const [left = '', right] = address.split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const zeros = right === undefined ? [] : new Array<string>(8 - head.length - tail.length).fill('0');
  return [...head, ...zeros, ...tail].reduce((value, part) => value * 65_536n + BigInt(`0x${part}`), 0n);
}

/** An address as text, from a number of 32 or 128 bits. */
export function toText(value: bigint, family: 4 | 6): string {
  const [count, bits] = family === 4 ? ([4, 8n] as const) : ([8, 16n] as const);
  const parts = Array.from({ length: count }, (_, index) => {
    const part = (value >> (BigInt(count - 1 - index) * bits)) & ((1n << bits) - 1n);
    return part.toString(family === 4 ? 10 : 16);
  });
  return parts.join(family === 4 ? '.' : ':');
}
