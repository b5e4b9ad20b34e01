import { readFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { parse } from 'yaml';
import { type ManifestFiles, manifestsError } from './manifest-files.ts';

/** What leaves the files as they are. */
const HARMLESS = ['apiVersion', 'kind', 'metadata', 'resources'];

/**
 * Refuses a directory that kustomize would make other objects of than those that stand in its files: what was compared would
 * not be what is applied.
 *
 * @throws PaudeError `manifests-unreadable`.
 */
export async function refuseRendering({ manifests, kustomizations }: ManifestFiles): Promise<void> {
  for (const path of kustomizations) {
    const directory = dirname(path);
    const refuse = (why: string) =>
      manifestsError(path, why, undefined, `Render it first: kubectl kustomize ${directory} > objects.yaml`);
    const { resources, others } = await readKustomization(path);
    if (others.length > 0) throw refuse(`kustomize changes the objects (${others.slice(0, 5).join(', ')})`);
    const elsewhere = resources.find((resource) => /^\/|(?:^|\/)\.\.(?:\/|$)|:/.test(resource));
    if (elsewhere !== undefined) throw refuse(`objects are taken from elsewhere (${elsewhere})`);
    const listed = new Set(resources.map((resource) => resource.replace(/^\.\//, '').replace(/\/+$/, '')));
    const unlisted = manifests
      .map((file) => relative(directory, file))
      .filter((file) => !file.startsWith('..'))
      .find((file) => !prefixes(file).some((prefix) => listed.has(prefix)));
    if (unlisted !== undefined) throw refuse(`${unlisted} is not among its resources, and so is not applied`);
  }
}

async function readKustomization(path: string): Promise<{ resources: string[]; others: string[] }> {
  try {
    const value: unknown = parse(await readFile(path, 'utf8'), { logLevel: 'error' });
    const { resources = [], ...others } = (value ?? {}) as Readonly<Record<string, unknown>>;
    if (!Array.isArray(resources)) return { resources: [], others: ['resources'] };
    return {
      resources: resources.map(String),
      others: Object.keys(others).filter((key) => !HARMLESS.includes(key)),
    };
  } catch (error) {
    throw manifestsError(path, 'it is no YAML that can be read', error, 'Correct it');
  }
}

/** A file, and the directories that it is in. */
function prefixes(file: string): string[] {
  const parts = file.split('/');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}
