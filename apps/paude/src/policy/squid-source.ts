import { globSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { PaudeError } from '@paude/errors';
import { type Imported, importSquid } from '@paude/policy';

/**
 * Reads a squid.conf and the files that it names.
 *
 * @throws PaudeError `file-unreadable`, `squid-invalid`.
 */
export async function readSquid(path: string, options: { readonly client?: string } = {}): Promise<Imported> {
  const include = (written: string) => readIncluded(resolve(dirname(path), written));
  return importSquid(await readText(path), { ...options, file: path, include });
}

/** @throws PaudeError `file-unreadable`. */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new PaudeError('file-unreadable', {
      action: 'read the file',
      input: path,
      why: code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`,
      remedy: 'Check its name and its permissions',
      cause: error,
    });
  }
}

/** What squid includes may be a pattern; of several files it reads one after the other. */
function readIncluded(path: string): string | undefined {
  try {
    if (!/[*?[]/.test(path)) return readFileSync(path, 'utf8');
    return globSync(path)
      .sort()
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n');
  } catch {
    return undefined;
  }
}
