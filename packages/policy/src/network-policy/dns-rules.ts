import { parseCidr } from '@paude/allowlist';
import { platformDns } from '../intents/intents.ts';
import type { DnsMode, Intent } from '../model/intent.ts';
import { blockPeer, type DraftRule, podPeer, portEntry } from './policy-draft.ts';

/** Where NodeLocal DNSCache listens by convention. There is no such convention for IPv6. */
const NODE_LOCAL = parseCidr('169.254.20.10/32');

const KUBE_DNS = { labels: { 'k8s-app': 'kube-dns' }, namespace: 'kube-system' };
const OPENSHIFT_DNS = {
  labels: { 'dns.operator.openshift.io/daemonset-dns': 'default' },
  namespace: 'openshift-dns',
};

/** How the proxy asks for names: it has to, also where its clients may not. */
export function proxyDns(intent: Intent): DnsMode {
  return intent.dns === 'none' ? platformDns(intent.platform) : intent.dns;
}

/** The rules that let pods in a namespace ask for names; none for `none`. */
export function dnsRules(mode: DnsMode, intent: Intent, policyNamespace: string): DraftRule[] {
  if (mode === 'none') return [];
  if (mode === 'openshift') {
    return [
      {
        // The Service's 53 leads to the pods' 5353, and OVN looks at what is behind that.
        comment: 'DNS of OpenShift: 53 is the port of its Service, 5353 that of its pods',
        peers: [podPeer(OPENSHIFT_DNS, intent.namespace, policyNamespace)],
        ports: dnsPorts([53, 5353]),
      },
    ];
  }
  const peers = [podPeer(KUBE_DNS, intent.namespace, policyNamespace)];
  if (mode === 'node-local' && intent.families !== 'ipv6') {
    peers.push(blockPeer({ cidr: NODE_LOCAL, except: [] }, 'NodeLocal DNSCache'));
  }
  return [{ comment: 'DNS of the cluster', peers, ports: dnsPorts([53]) }];
}

function dnsPorts(ports: readonly number[]): DraftRule['ports'] {
  return (['UDP', 'TCP'] as const).flatMap((protocol) =>
    ports.map((port) => portEntry(protocol, [port, port])),
  );
}
