import { nearest, PaudeError } from '@paude/errors';

/** The error for credential routes that cannot be used; `where` says in which file and entry. Never holds a secret. */
export function routeError(where: string, why: string, remedy: string): PaudeError {
  return new PaudeError('credentials-invalid', {
    action: 'read the credential routes',
    input: where,
    why,
    remedy,
  });
}

/** The error for a key that is not known, with the one that was meant. */
export function keyError(
  key: string,
  known: readonly string[],
  { where, under = '' }: { readonly where: string; readonly under?: string },
): PaudeError {
  const meant = nearest(key, known);
  // A key may be a secret that slipped into the wrong place; no key of ours is this long.
  const why = key.length > 24 ? `a key of ${key.length} characters is not known` : `there is no key "${key}"`;
  return routeError(where, why + under, meant === undefined ? `Use ${known.join(', ')}` : `Write ${meant}`);
}
