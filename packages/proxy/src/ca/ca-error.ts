import { PaudeError } from '@paude/errors';

/** Why a CA's directory, or what is in it, cannot be used. Never holds anything of the key. */
export function unusable(path: string, why: string, remedy: string, cause?: unknown): PaudeError {
  return new PaudeError('ca-unusable', {
    action: 'use the certificate authority in',
    input: path,
    why,
    remedy,
    cause,
  });
}

/** The error for a directory without a CA. */
export function missing(path: string): PaudeError {
  return new PaudeError('ca-missing', {
    action: 'find the certificate authority in',
    input: path,
    why: 'there is none',
    remedy: 'Start the proxy with credential routes, which makes one, or name its directory with --ca-dir',
  });
}

/** Translates what the file system says. */
export function fileError(path: string, action: string, error: unknown): PaudeError {
  if (error instanceof PaudeError) return error;
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  return unusable(
    path,
    `${action} failed (${code})`,
    'Name a directory that this user, and nobody else, can write to',
    error,
  );
}
