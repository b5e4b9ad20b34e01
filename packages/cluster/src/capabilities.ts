import type { Discovery } from './discovery.ts';
import { isRecord } from './object.ts';
import type { Transport } from './transport.ts';

/** The kinds that are looked for: the name that this project uses, the group, and the kind in it. */
const KINDS = {
  NetworkPolicy: ['networking.k8s.io', 'NetworkPolicy'],
  EgressFirewall: ['k8s.ovn.org', 'EgressFirewall'],
  CiliumNetworkPolicy: ['cilium.io', 'CiliumNetworkPolicy'],
  CiliumClusterwideNetworkPolicy: ['cilium.io', 'CiliumClusterwideNetworkPolicy'],
  ClusterNetworkPolicy: ['policy.networking.k8s.io', 'ClusterNetworkPolicy'],
  AdminNetworkPolicy: ['policy.networking.k8s.io', 'AdminNetworkPolicy'],
  FQDNNetworkPolicy: ['networking.gke.io', 'FQDNNetworkPolicy'],
  ApplicationNetworkPolicy: ['networking.k8s.aws', 'ApplicationNetworkPolicy'],
  AntreaNetworkPolicy: ['crd.antrea.io', 'NetworkPolicy'],
  AntreaClusterNetworkPolicy: ['crd.antrea.io', 'ClusterNetworkPolicy'],
  CalicoNetworkPolicy: ['crd.projectcalico.org', 'NetworkPolicy'],
  CalicoGlobalNetworkPolicy: ['crd.projectcalico.org', 'GlobalNetworkPolicy'],
  EgressNetworkPolicy: ['network.openshift.io', 'EgressNetworkPolicy'],
  ServiceEntry: ['networking.istio.io', 'ServiceEntry'],
  Sidecar: ['networking.istio.io', 'Sidecar'],
  DNSNameResolver: ['network.openshift.io', 'DNSNameResolver'],
  BuildConfig: ['build.openshift.io', 'BuildConfig'],
  ImageStream: ['image.openshift.io', 'ImageStream'],
  Route: ['route.openshift.io', 'Route'],
} as const;

/** A kind whose presence says what a cluster can enforce or build. */
export type CapabilityKind = keyof typeof KINDS;

/** What a cluster can do, as far as its API tells. A plain value. */
export interface Capabilities {
  /** `v1.37.1` */
  readonly serverVersion: string;
  /** OpenShift, MicroShift included: security context constraints, DNS on the pod port 5353. */
  readonly openshift: boolean;
  /** The apiVersion under which each kind is served; those that are not served are not in it. */
  readonly kinds: Readonly<Partial<Record<CapabilityKind, string>>>;
  /** Whether an EgressFirewall may hold `*.example.com`. Where it may not, one such rule fails the whole object. */
  readonly egressFirewallWildcards: WildcardSupport;
}

export interface WildcardSupport {
  /** Send wildcards only for `yes`. */
  readonly support: 'yes' | 'no' | 'unknown';
  /** What it was known from. */
  readonly why: string;
}

/** Only OpenShift has these groups; Route and the like are installed elsewhere too. */
const OPENSHIFT_GROUPS = ['config.openshift.io', 'security.openshift.io'];

/** Asks the server what it serves. Reads nothing but discovery, and OpenShift's feature gates where the user may. */
export async function readCapabilities(
  transport: Transport,
  discovery: Discovery,
  serverVersion: string,
): Promise<Capabilities> {
  const groups = await discovery.groups();
  const found = await Promise.all(
    Object.entries(KINDS).map(async ([name, [group, kind]]) => {
      for (const apiVersion of groups.get(group) ?? []) {
        if ((await discovery.resource({ apiVersion, kind })) !== undefined) return [[name, apiVersion]];
      }
      return [];
    }),
  );
  const kinds: Partial<Record<CapabilityKind, string>> = Object.fromEntries(found.flat());
  return {
    serverVersion,
    openshift: OPENSHIFT_GROUPS.some((group) => groups.has(group)),
    kinds,
    egressFirewallWildcards: await wildcardSupport(transport, kinds),
  };
}

/**
 * OVN-Kubernetes understands wildcards only with its DNS name resolver, which works through DNSNameResolver objects: on
 * OpenShift the feature gate `DNSNameResolver`, elsewhere `--enable-dns-name-resolver`. That flag cannot be seen from
 * the API; the definition of the objects, without which it cannot work, can.
 */
async function wildcardSupport(
  transport: Transport,
  kinds: Readonly<Partial<Record<CapabilityKind, string>>>,
): Promise<WildcardSupport> {
  if (kinds.EgressFirewall === undefined) return { support: 'no', why: 'there is no EgressFirewall' };
  if (kinds.DNSNameResolver === undefined) {
    return { support: 'no', why: 'DNSNameResolver, which it needs, is not served' };
  }
  const path = '/apis/config.openshift.io/v1/featuregates/cluster';
  // Ordinary users may not read it, and only OpenShift has it: then it stays unknown.
  const gates = await transport.request({ method: 'GET', path }).catch(() => undefined);
  const enabled = gateState(gates, 'DNSNameResolver');
  if (enabled === undefined) {
    return { support: 'unknown', why: 'DNSNameResolver is served, but the feature gates cannot be read' };
  }
  return enabled
    ? { support: 'yes', why: 'the feature gate DNSNameResolver is enabled' }
    : { support: 'no', why: 'the feature gate DNSNameResolver is disabled' };
}

/** `status.featureGates` has an entry a version of the cluster while it is upgraded: all must have the gate. */
function gateState(object: unknown, gate: string): boolean | undefined {
  const status = isRecord(object) ? object.status : undefined;
  const versions =
    isRecord(status) && Array.isArray(status.featureGates) ? status.featureGates.filter(isRecord) : [];
  const has = (list: unknown) =>
    Array.isArray(list) && list.some((entry) => isRecord(entry) && entry.name === gate);
  if (versions.length > 0 && versions.every(({ enabled }) => has(enabled))) return true;
  return versions.some(({ enabled, disabled }) => has(enabled) || has(disabled)) ? false : undefined;
}
