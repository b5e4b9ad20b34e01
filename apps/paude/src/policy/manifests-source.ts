import { readFile } from 'node:fs/promises';
import { type KubernetesObject, readManifests } from '@paude/policy';
import { refuseRendering } from './kustomization.ts';
import { findManifestFiles, manifestsError } from './manifest-files.ts';

/**
 * Reads all manifests of a file, or of a directory and what is below it, as they stand there: what kustomize would change is
 * refused.
 *
 * @throws PaudeError `manifest-invalid`, `manifests-unreadable`.
 */
export async function readManifestFiles(path: string): Promise<KubernetesObject[]> {
  const files = await findManifestFiles(path);
  await refuseRendering(files);
  const objects: KubernetesObject[] = [];
  for (const file of files.manifests) objects.push(...readManifests(await readText(file), file));
  if (objects.length > 0) return objects;
  throw manifestsError(path, 'there is no manifest in it');
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw manifestsError(file, `it cannot be read (${(error as NodeJS.ErrnoException).code})`, error);
  }
}
