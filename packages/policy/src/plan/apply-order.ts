import type { KubernetesObject } from '../model/object.ts';

/**
 * Kinds in the order in which they are to come into being: what closes comes before what opens, what is referred to before
 * what refers to it, and whatever holds a whole namespace after the policies that name its exceptions.
 */
const RANKS: readonly (readonly string[])[] = [
  ['Namespace'],
  [
    'NetworkPolicy',
    'CiliumNetworkPolicy',
    'ClusterNetworkPolicy',
    'FQDNNetworkPolicy',
    'ApplicationNetworkPolicy',
  ],
  ['ServiceAccount', 'ConfigMap', 'Secret'],
  ['ServiceEntry', 'Sidecar', 'EgressFirewall', 'EgressNetworkPolicy'],
  ['Service', 'PodDisruptionBudget'],
  ['Deployment', 'StatefulSet'],
  ['HorizontalPodAutoscaler'],
];

/**
 * The objects in an order in which no step leaves a pod with more than it has at the end: policies before the pods that they
 * hold. Within a rank what selects the workload comes before what selects the proxy, by name. To undo them, go backwards.
 */
export function applyOrder(objects: readonly KubernetesObject[]): readonly KubernetesObject[] {
  return objects.toSorted(
    (a, b) => rankOf(a) - rankOf(b) || compare(a.kind, b.kind) || compare(a.metadata.name, b.metadata.name),
  );
}

/** What is not known comes last: it may need anything of the others. */
function rankOf({ kind }: KubernetesObject): number {
  const rank = RANKS.findIndex((kinds) => kinds.includes(kind));
  return rank < 0 ? RANKS.length : rank;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
