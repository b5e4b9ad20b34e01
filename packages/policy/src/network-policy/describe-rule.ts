import type { Platform } from '../model/intent.ts';
import type { PeerView, RuleView } from './policy-view.ts';
import { formatRange } from './port-ranges.ts';
import { type Selector, selects } from './selector.ts';

type Opening = Pick<RuleView, 'peers' | 'ports'>;

const DNS_PORTS = [53, 5353];

/** A rule in words: `TCP 443 to 0.0.0.0/0`, or `from` where it is for what comes in. */
export function describeRule({ peers, ports }: Opening, side: 'to' | 'from' = 'to'): string {
  const anyone = side === 'to' ? 'everywhere' : 'anywhere';
  const places = peers === undefined ? [anyone] : [...new Set(peers.map(describePeer))];
  const doors =
    ports === undefined
      ? ['every port']
      : ports.map(
          ({ protocol, range }) => `${protocol} ${range === undefined ? 'named port' : formatRange(range)}`,
        );
  return `${doors.slice(0, 4).join(', ')}${doors.length > 4 ? ', …' : ''} ${side} ${places.slice(0, 3).join(', ')}${places.length > 3 ? ', …' : ''}`;
}

function describePeer(peer: PeerView): string {
  if (peer.kind === 'unreadable') return 'what cannot be read';
  if (peer.kind === 'block') return peer.cidr.text;
  if (peer.namespaces === undefined) return 'pods of the namespace';
  return peer.namespaces.selector?.length === 0 ? 'pods of every namespace' : 'pods of other namespaces';
}

/** Whether a rule opens nothing but the ports of DNS, to pods or to the address of NodeLocal DNSCache. */
export function isDnsRule({ peers, ports }: Opening): boolean {
  const areDnsPeers = peers?.every(
    (peer) => peer.kind === 'pods' || (peer.kind === 'block' && peer.cidr.text === '169.254.20.10/32'),
  );
  const areDnsPorts = ports?.every(
    ({ range }) => range !== undefined && range[0] === range[1] && DNS_PORTS.includes(range[0]),
  );
  return areDnsPeers === true && areDnsPorts === true;
}

/** Whether a rule opens a port, over UDP, to the DNS of OpenShift; to any pods, where the cluster is known to be one. */
export function opensDnsPort(
  { peers, ports }: Opening,
  port: number,
  platform: Platform | undefined,
): boolean {
  const isThere = peers?.some(
    (peer) =>
      peer.kind === 'pods' &&
      (namesOpenShiftDns(peer.namespaces?.selector) || (platform === 'openshift' && isOneOfNames(ports))),
  );
  const isOpen = ports?.some(
    ({ protocol, range }) =>
      protocol === 'UDP' && range !== undefined && range[0] <= port && port <= range[1],
  );
  return isThere === true && isOpen === true;
}

function namesOpenShiftDns(selector: Selector): boolean {
  return (
    selector !== undefined &&
    selector.length > 0 &&
    selects(selector, { 'kubernetes.io/metadata.name': 'openshift-dns' }) === true
  );
}

function isOneOfNames(ports: Opening['ports']): boolean {
  return ports?.some(({ range }) => range !== undefined && range[0] <= 5353 && range[1] >= 53) === true;
}
