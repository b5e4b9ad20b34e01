import type { CapabilityKind, Cluster, ClusterObject, KindReference } from '@paude/cluster';
import { PaudeError } from '@paude/errors';
import type { KubernetesObject, Platform } from '@paude/policy';
import type { Io } from '../io.ts';
import { clientNamespaces, type ObjectSet } from './object-set.ts';

/** Which part of which cluster. */
export interface ClusterPlace {
  readonly name: string;
  readonly context?: string | undefined;
  readonly namespace?: string | undefined;
  /** @default KUBECONFIG, else the one in the home directory */
  readonly kubeconfig?: string | undefined;
}

/** What is served everywhere, and belongs to what is looked at. */
const CORE: readonly KindReference[] = [
  { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' },
  { apiVersion: 'v1', kind: 'ConfigMap' },
  { apiVersion: 'v1', kind: 'Pod' },
];

/**
 * What holds or opens what pods send, where it is served, by the names that capabilities have for it; the kind where that is
 * another. Nothing else is listed, as not everybody may.
 */
const POLICIES: Readonly<Partial<Record<CapabilityKind, string>>> = {
  EgressFirewall: 'EgressFirewall',
  EgressNetworkPolicy: 'EgressNetworkPolicy',
  CiliumNetworkPolicy: 'CiliumNetworkPolicy',
  CiliumClusterwideNetworkPolicy: 'CiliumClusterwideNetworkPolicy',
  ClusterNetworkPolicy: 'ClusterNetworkPolicy',
  AdminNetworkPolicy: 'AdminNetworkPolicy',
  FQDNNetworkPolicy: 'FQDNNetworkPolicy',
  ApplicationNetworkPolicy: 'ApplicationNetworkPolicy',
  AntreaNetworkPolicy: 'NetworkPolicy',
  AntreaClusterNetworkPolicy: 'ClusterNetworkPolicy',
  CalicoNetworkPolicy: 'NetworkPolicy',
  CalicoGlobalNetworkPolicy: 'GlobalNetworkPolicy',
  ServiceEntry: 'ServiceEntry',
  Sidecar: 'Sidecar',
};

/** Kinds that belong to no namespace: who may not list them can look at the rest all the same. */
const CLUSTER_SCOPED: ReadonlySet<string> = new Set<CapabilityKind>([
  'AdminNetworkPolicy',
  'AntreaClusterNetworkPolicy',
  'CalicoGlobalNetworkPolicy',
  'CiliumClusterwideNetworkPolicy',
  'ClusterNetworkPolicy',
]);

/**
 * Opens a cluster by its kubeconfig. The client library is loaded only now: it takes longer than most commands.
 *
 * @throws PaudeError `cluster-config-invalid`.
 */
export async function openPlace(place: Omit<ClusterPlace, 'name'>, io: Pick<Io, 'env'>) {
  const { context, namespace, kubeconfig } = place;
  const { openCluster } = await import('@paude/cluster');
  return openCluster({
    environment: io.env,
    ...(context === undefined ? {} : { context }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
  });
}

/**
 * Reads the objects of a namespace that say what may be reached. A kind that this user may not list is a failure, and not
 * the same as none being there; of kinds of the whole cluster it is kept which could not be listed.
 *
 * @throws PaudeError of `@paude/cluster`.
 */
export async function readCluster(
  place: ClusterPlace,
  options: {
    readonly io: Pick<Io, 'env'>;
    readonly atMs: number;
    readonly target?: Platform | undefined;
    readonly kubeconfig?: string | undefined;
  },
): Promise<ObjectSet> {
  const { io, atMs } = options;
  await using cluster = await openPlace({ ...place, kubeconfig: options.kubeconfig }, io);
  const { namespace } = cluster;
  const capabilities = await cluster.capabilities();
  const space = await cluster
    .get({ apiVersion: 'v1', kind: 'Namespace' }, namespace)
    .catch(nothingIfForbidden);
  const kinds = new Map(CORE.map((reference) => [reference.kind, reference]));
  for (const [name, kind] of Object.entries(POLICIES)) {
    const apiVersion = capabilities.kinds[name as CapabilityKind];
    if (apiVersion !== undefined) kinds.set(name, { apiVersion, kind });
  }
  const objects: KubernetesObject[] = [];
  const unlisted: string[] = [];
  for (const [name, kind] of kinds) {
    const items = await list(cluster, kind, name).catch((error: unknown) => {
      if (!CLUSTER_SCOPED.has(name) || !isForbidden(error)) throw error;
      unlisted.push(name);
      return [];
    });
    for (const item of items) objects.push(withoutNoise(item, kind));
  }
  for (const other of clientNamespaces(objects).filter((name) => name !== namespace)) {
    const policies = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' };
    const { items } = await cluster.list(policies, { namespace: other });
    for (const item of items) objects.push(withoutNoise(item, policies));
  }
  return {
    name: place.name,
    objects,
    namespace,
    namespaceLabels: { 'kubernetes.io/metadata.name': namespace, ...space?.metadata.labels },
    platform: options.target ?? platformOf(capabilities),
    families: familiesOf(objects),
    wildcardFirewallNames: capabilities.egressFirewallWildcards.support === 'yes',
    atMs,
    unlisted,
  };
}

async function list(cluster: Cluster, kind: KindReference, name: string): Promise<readonly ClusterObject[]> {
  const { items } = await cluster.list(kind, CLUSTER_SCOPED.has(name) ? { allNamespaces: true } : {});
  return items;
}

/** Lists leave out what their items are; who manages which field is nobody's business here. */
function withoutNoise(object: ClusterObject, kind: KindReference): KubernetesObject {
  const { managedFields, ...metadata } = object.metadata as ClusterObject['metadata'] & {
    managedFields?: unknown;
  };
  return { ...object, ...kind, metadata } as KubernetesObject;
}

function platformOf({ openshift, kinds }: Awaited<ReturnType<Cluster['capabilities']>>): Platform {
  if (openshift) return 'openshift';
  if (kinds.CiliumNetworkPolicy !== undefined) return 'cilium';
  if (kinds.FQDNNetworkPolicy !== undefined) return 'gke';
  if (kinds.ApplicationNetworkPolicy !== undefined) return 'eks';
  return kinds.AntreaNetworkPolicy === undefined ? 'kubernetes' : 'antrea';
}

/** By the addresses that pods have; a cluster whose pods show none is taken to have both. */
function familiesOf(objects: readonly KubernetesObject[]): ObjectSet['families'] {
  const addresses = objects.flatMap(({ kind, status }) => (kind === 'Pod' ? podAddresses(status) : []));
  const hasV6 = addresses.some((address) => address.includes(':'));
  const hasV4 = addresses.some((address) => !address.includes(':'));
  if (hasV4 === hasV6) return 'dual';
  return hasV6 ? 'ipv6' : 'ipv4';
}

function podAddresses(status: unknown): string[] {
  const { podIPs = [] } = (status ?? {}) as { podIPs?: readonly { ip?: string }[] };
  return podIPs.flatMap(({ ip }) => (ip === undefined ? [] : [ip]));
}

function isForbidden(error: unknown): boolean {
  return error instanceof PaudeError && error.code === 'cluster-forbidden';
}

function nothingIfForbidden(error: unknown): undefined {
  if (!isForbidden(error)) throw error;
}
