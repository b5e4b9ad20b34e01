import type { KubernetesObject } from '../model/object.ts';
import type { ObservedPod } from './observed-pods.ts';

/**
 * Pods that no policy can tell apart, one of each: those whose labels differ only where no selector asks. In their order.
 *
 * @param objects Everything that may select them.
 */
export function podGroups(
  pods: readonly ObservedPod[],
  objects: readonly KubernetesObject[],
): readonly ObservedPod[] {
  const keys = [...new Set(pods.flatMap(({ labels }) => Object.keys(labels)))];
  const text = JSON.stringify(objects.filter(({ kind }) => kind !== 'Pod').map(({ spec }) => spec ?? null));
  // That a key stands in any object at all is enough: a group too many costs time alone.
  const asked = keys.filter((key) => text.includes(JSON.stringify(key).slice(1, -1))).sort();
  const groups = new Map<string, ObservedPod>();
  for (const pod of pods) {
    const key = JSON.stringify(asked.map((name) => pod.labels[name] ?? null));
    if (!groups.has(key)) groups.set(key, pod);
  }
  return [...groups.values()];
}
