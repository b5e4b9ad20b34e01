import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { configError } from '../config/schema.ts';

/** Reads a file that holds one secret; a newline at its end does not count. */
export async function readSecret(path: string): Promise<string> {
  const secret = (await readSecretFile(path)).replace(/\r?\n$/, '');
  if (secret === '') throw configError(path, 'it is empty', 'Put the secret in it');
  return secret;
}

/**
 * Reads accepted proxy credentials, `name:password` a line; lines that begin with `#` are comments.
 *
 * @returns name → SHA-256 of the password.
 */
export async function readUsers(path: string): Promise<ReadonlyMap<string, Buffer>> {
  const users = new Map<string, Buffer>();
  const lines = (await readSecretFile(path)).split(/\r?\n/);
  for (const [index, line] of lines.entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const colon = line.indexOf(':');
    // The line itself may be a password: it is not shown.
    if (colon < 1 || colon === line.length - 1) {
      throw configError(
        `${path}:${index + 1}`,
        'the line is not name:password',
        'Write one name:password a line',
      );
    }
    users.set(
      line.slice(0, colon),
      createHash('sha256')
        .update(line.slice(colon + 1))
        .digest(),
    );
  }
  if (users.size === 0) throw configError(path, 'it names no user', 'Write one name:password a line');
  return users;
}

async function readSecretFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'there is no such file' : `reading it failed (${code})`;
    throw configError(path, why, 'Check the path and that this user may read it', error);
  }
}
