import type { Pattern } from '@paude/allowlist';
import { withoutCidrs } from './cidrs.ts';
import type { Clause, ClausePorts } from './clause.ts';
import { isMap, type Live, liveCidr, liveList, liveMap, livePort } from './live.ts';

/** Ports of `networking.k8s.io`; undefined for every one. A named port is a port of pods, and left out. */
export function readPolicyPorts(value: unknown): readonly ClausePorts[] | 'malformed' | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) return 'malformed';
  if (value.length === 0) return undefined;
  const ports: ClausePorts[] = [];
  for (const item of value) {
    if (!isMap(item)) return 'malformed';
    const { protocol = 'TCP', port, endPort } = item;
    const isEvery = protocol === 'ALL' || protocol === '';
    if (!isEvery && protocol !== 'TCP' && protocol !== 'UDP' && protocol !== 'SCTP') return 'malformed';
    const range = portRange(port, endPort);
    if (range === 'malformed') return 'malformed';
    if (range !== 'named') ports.push(isEvery ? range : { ...range, protocol });
  }
  return ports;
}

function portRange(port: unknown, endPort: unknown): { first: number; last: number } | 'named' | 'malformed' {
  if (port === undefined || port === null) return { first: 1, last: 65535 };
  const first = livePort(port);
  if (first === undefined) return typeof port === 'string' && /^[a-z]/.test(port) ? 'named' : 'malformed';
  return { first, last: livePort(endPort) ?? first };
}

/** The ranges of an `ipBlock`, without its exceptions; undefined when it cannot be read. */
export function readBlock(value: unknown): readonly Pattern[] | undefined {
  const { cidr, except } = liveMap(value);
  const range = liveCidr(cidr);
  const exceptions = liveList(except).map(liveCidr);
  if (range === undefined) return undefined;
  const known = exceptions.filter((exception) => exception !== undefined);
  return withoutCidrs(range, known).map((part) => ({ kind: 'address', cidr: part }));
}

/** A clause for each destination. */
export function clausesOf(
  effect: Clause['effect'],
  destinations: readonly Clause['to'][],
  ports: readonly ClausePorts[] | undefined,
  object: string,
): Clause[] {
  return destinations.map((to) => ({ effect, to, object, ...(ports === undefined ? {} : { ports }) }));
}

/** Whether a peer selects pods, of which a destination outside of the cluster is none. */
export function selectsPods(peer: Live): boolean {
  return peer.podSelector !== undefined || peer.namespaceSelector !== undefined;
}
