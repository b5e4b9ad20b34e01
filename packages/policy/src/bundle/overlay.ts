import type { EmittedObject, KubernetesObject } from '../model/object.ts';
import { fileNames } from '../render/render-directory.ts';
import { commentLines, renderYaml, yamlDocument } from '../render/render-yaml.ts';
import { jsonPatch } from './json-patch.ts';

/** What a kustomization is made of. */
export interface OverlayOptions {
  /** A comment above it. */
  readonly head: string;
  /** The path of the base from it: `../../base`. */
  readonly base: string;
}

/** The files of a kustomize overlay that makes some objects of those of its base. */
export function overlayFiles(
  base: readonly EmittedObject[],
  objects: readonly EmittedObject[],
  options: OverlayOptions,
): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  const wanted = new Map(objects.map((object) => [keyOf(object.object), object]));
  const there = new Map(base.map((object) => [keyOf(object.object), object]));
  const added = objects.filter(({ object }) => !there.has(keyOf(object)));
  const names = fileNames(added);
  for (const [index, object] of added.entries()) files.set(names[index] ?? '', renderYaml([object]));
  const patches = base.flatMap(({ object }) => {
    const target = wanted.get(keyOf(object));
    const steps = target === undefined ? undefined : jsonPatch(object, target.object);
    if (steps?.length === 0) return [];
    const { kind, metadata } = object;
    const path = `${steps === undefined ? 'without' : 'patch'}-${kind}-${metadata.name}.yaml`.toLowerCase();
    files.set(path, steps === undefined ? deletion(object) : yamlDocument(steps));
    return [{ path, target: targetOf(object) }];
  });
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [options.base, ...names],
    ...(patches.length === 0 ? {} : { patches }),
  };
  files.set('kustomization.yaml', `${commentLines(options.head)}\n\n${yamlDocument(kustomization)}`);
  return files;
}

function deletion({ apiVersion, kind, metadata: { name, namespace } }: KubernetesObject): string {
  return yamlDocument({ $patch: 'delete', apiVersion, kind, metadata: { name, namespace } });
}

/** Which object a patch is for; without its namespace a patch would be for that of another namespace, too. */
export function targetOf({ apiVersion, kind, metadata: { name, namespace } }: KubernetesObject): object {
  const [version, group] = apiVersion.split('/').reverse();
  return {
    ...(group === undefined ? {} : { group }),
    version,
    kind,
    name,
    ...(namespace === undefined ? {} : { namespace }),
  };
}

function keyOf({ apiVersion, kind, metadata }: KubernetesObject): string {
  return [apiVersion, kind, metadata.namespace, metadata.name].join(' ');
}
