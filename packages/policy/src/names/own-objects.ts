import type { KubernetesObject } from '../model/object.ts';
import { isMap, liveMap, liveText } from './live.ts';

/** The objects of one kind and group, in one namespace (or of the whole cluster when that is undefined), in their order. */
export function ownObjects(
  objects: readonly KubernetesObject[],
  kind: string,
  group: string,
  namespace: string | undefined,
): readonly KubernetesObject[] {
  return objects.filter((object) => {
    if (!isMap(object) || object.kind !== kind) return false;
    const version = liveText(object.apiVersion) ?? '';
    if (version.slice(0, Math.max(0, version.lastIndexOf('/'))) !== group) return false;
    const own = liveMap(object.metadata).namespace;
    // A manifest may leave its namespace to whoever applies it.
    return namespace === undefined || own === undefined || own === namespace;
  });
}
