import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PaudeError } from '@paude/errors';
import { type KubernetesObject, readManifests } from '@paude/policy';

const MANIFEST = /\.(?:ya?ml|json)$/;
const MAX_FILES = 10_000;

/**
 * Reads all manifests of a file, or of a directory and what is below it.
 *
 * @throws PaudeError `manifest-invalid`, `manifests-unreadable`.
 */
export async function readManifestFiles(path: string): Promise<KubernetesObject[]> {
  const files = await manifestFiles(path);
  const objects: KubernetesObject[] = [];
  for (const file of files) objects.push(...readManifests(await readFile(file, 'utf8'), file));
  if (objects.length > 0) return objects;
  throw unreadable(path, 'there is no manifest in it', undefined);
}

async function manifestFiles(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile() && MANIFEST.test(entry.name))
      .map(({ parentPath, name }) => join(parentPath, name))
      .sort();
    if (files.length <= MAX_FILES) return files;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw unreadable(path, code === 'ENOENT' ? 'there is no such file or directory' : `(${code})`, error);
  }
  throw unreadable(path, `there are more than ${MAX_FILES} files below it`, undefined);
}

function unreadable(input: string, why: string, cause: unknown): PaudeError {
  return new PaudeError('manifests-unreadable', {
    action: 'read the manifests',
    input,
    why,
    remedy: 'Name a file, or a directory with .yaml, .yml or .json files',
    cause,
  });
}
