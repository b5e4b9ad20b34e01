import type { EmittedObject } from '../model/object.ts';
import { commentLines, type RenderOptions, renderYaml, yamlDocument } from './render-yaml.ts';

/** Objects as the files of a directory, by name: one an object, and a kustomization.yaml that lists them. */
export function renderDirectory(
  objects: readonly EmittedObject[],
  options: RenderOptions = {},
): ReadonlyMap<string, string> {
  const names = fileNames(objects);
  const files = new Map(
    objects.map((object, index): [string, string] => [names[index] ?? '', renderYaml([object])]),
  );
  const head = options.head === undefined ? '' : `${commentLines(options.head)}\n\n`;
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: names,
  };
  files.set('kustomization.yaml', `${head}${yamlDocument(kustomization)}`);
  return files;
}

/** A file's name for each object. */
export function fileNames(objects: readonly EmittedObject[]): string[] {
  const taken = new Set<string>();
  return objects.map(({ object: { kind, metadata } }) => {
    const name = `${kind}-${metadata.name}`.toLowerCase().replaceAll(/[^a-z0-9.-]/g, '-');
    // The same name in two namespaces, or a name that only its case or a colon tells from another.
    let file = `${name}.yaml`;
    for (let count = 2; taken.has(file); count++) file = `${name}-${count}.yaml`;
    taken.add(file);
    return file;
  });
}
