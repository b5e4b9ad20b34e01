import { readFile } from 'node:fs/promises';
import { PaudeError } from '@paude/errors';
import { load, YAMLException } from 'js-yaml';

/**
 * Reads a file with credential routes, YAML or JSON: what `loadRoutes` takes as written. It names where credentials are and
 * holds none; what is quoted from it all the same is the number of a line alone.
 *
 * @throws PaudeError `credentials-invalid`.
 */
export async function readCredentialsFile(path: string): Promise<unknown> {
  const fail = (where: string, why: string, remedy: string) =>
    new PaudeError('credentials-invalid', {
      action: 'read the credential routes',
      input: where,
      why,
      remedy,
    });
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : `reading it failed (${code})`;
    throw fail(path, why, 'Check the path and that this user may read it');
  }
  try {
    return load(text) ?? [];
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    // Not kept as the cause: its message shows a part of the file.
    const where = error.mark === undefined ? path : `${path}:${error.mark.line + 1}`;
    throw fail(where, `it is not YAML (${error.reason})`, 'Correct it');
  }
}
