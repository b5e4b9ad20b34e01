import { PaudeError } from '@paude/errors';

/** The error for credential routes that cannot be used; `where` says in which file and entry. Never holds a secret. */
export function routeError(where: string, why: string, remedy: string): PaudeError {
  return new PaudeError('credentials-invalid', {
    action: 'read the credential routes',
    input: where,
    why,
    remedy,
  });
}
