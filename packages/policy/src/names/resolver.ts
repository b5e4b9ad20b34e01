import { platformDns } from '../intents/intents.ts';
import type { DnsMode, Intent } from '../model/intent.ts';
import type { Subject } from './subject.ts';

/** Pods that answer DNS, and the port that they listen on: policies see the pod's port, not its Service's. */
export interface Resolver {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly port: number;
}

const KUBE_DNS: Resolver = { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' }, port: 53 };

const OPENSHIFT_DNS: Resolver = {
  namespace: 'openshift-dns',
  labels: { 'dns.operator.openshift.io/daemonset-dns': 'default' },
  port: 5353,
};

/** The address on which NodeLocal DNSCache listens, on every node. */
export const NODE_LOCAL_DNS = '169.254.20.10/32';

/** Where the subject asks for names. `none` closes DNS to the workload alone: a proxy asks as the platform does. */
export function dnsModeOf(intent: Intent, { isProxy }: Subject): DnsMode {
  return isProxy && intent.dns === 'none' ? platformDns(intent.platform) : intent.dns;
}

/** The pods that answer in a mode; with NodeLocal DNSCache those that it falls back to. */
export function resolversOf(mode: DnsMode): readonly Resolver[] {
  if (mode === 'none') return [];
  return mode === 'openshift' ? [OPENSHIFT_DNS] : [KUBE_DNS];
}
