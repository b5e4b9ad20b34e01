import type { KubernetesObject } from '../model/object.ts';

const HEAD = ['apiVersion', 'kind', 'metadata'];
const META = ['name', 'namespace', 'labels', 'annotations'];

/** An object with its keys in the order that people expect: apiVersion, kind, metadata, then as it is; labels sorted. */
export function orderedObject(object: KubernetesObject): Record<string, unknown> {
  const ordered = orderedKeys(object, HEAD);
  const metadata = orderedKeys(object.metadata, META);
  for (const key of ['labels', 'annotations']) {
    const map = metadata[key];
    if (typeof map === 'object' && map !== null) metadata[key] = orderedKeys(map, Object.keys(map).sort());
  }
  ordered.metadata = metadata;
  return ordered;
}

/** The keys named first, where they are there, then the others. Undefined values are left out. */
function orderedKeys(value: object, first: readonly string[]): Record<string, unknown> {
  const entries = new Map<string, unknown>(Object.entries(value));
  const keys = [...first.filter((key) => entries.has(key)), ...entries.keys()];
  const ordered = new Map<string, unknown>();
  for (const key of keys) if (entries.get(key) !== undefined) ordered.set(key, entries.get(key));
  return Object.fromEntries(ordered);
}
