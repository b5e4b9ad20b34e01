import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PaudeError } from '@paude/errors';

const MANIFEST = /\.(?:ya?ml|json)$/;
/** As kustomize looks for it. */
const KUSTOMIZATION = /^(?:kustomization\.ya?ml|Kustomization)$/;
const MAX_FILES = 10_000;

/** The files of a directory and of what is below it. */
export interface ManifestFiles {
  /** Sorted; links are followed, and what several lead to is there once. */
  readonly manifests: readonly string[];
  /** Those that say what kustomize does with the others. */
  readonly kustomizations: readonly string[];
}

/**
 * Finds the manifests of a directory, or of one file.
 *
 * @throws PaudeError `manifests-unreadable`.
 */
export async function findManifestFiles(path: string): Promise<ManifestFiles> {
  try {
    if (!(await stat(path)).isDirectory()) return { manifests: [path], kustomizations: [] };
    return await walk(path);
  } catch (error) {
    if (error instanceof PaudeError) throw error;
    const { code = '', path: failed = path } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file or directory' : `it cannot be read (${code})`;
    throw manifestsError(failed, why, error);
  }
}

async function walk(root: string): Promise<ManifestFiles> {
  const manifests: string[] = [];
  const kustomizations: string[] = [];
  const seen = new Set<string>();
  const left = [root];
  for (let path = left.pop(); path !== undefined; path = left.pop()) {
    const real = await realpath(path);
    if (seen.has(real)) continue;
    seen.add(real);
    if (seen.size > MAX_FILES) throw manifestsError(root, `there are more than ${MAX_FILES} files below it`);
    if ((await stat(real)).isDirectory()) {
      const names = (await readdir(real)).sort().toReversed();
      left.push(...names.filter((name) => name !== '.git').map((name) => join(path as string, name)));
    } else if (KUSTOMIZATION.test(path.split('/').at(-1) ?? '')) kustomizations.push(path);
    else if (MANIFEST.test(path)) manifests.push(path);
  }
  return { manifests: manifests.sort(), kustomizations: kustomizations.sort() };
}

/** @returns the failure to read the manifests of a path. */
export function manifestsError(
  input: string,
  why: string,
  cause?: unknown,
  remedy = 'Name a file, or a directory with .yaml, .yml or .json files',
): PaudeError {
  return new PaudeError('manifests-unreadable', {
    action: 'read the manifests',
    input,
    why,
    remedy,
    cause,
  });
}
