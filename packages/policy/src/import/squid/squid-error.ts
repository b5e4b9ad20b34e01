import { PaudeError } from '@paude/errors';
import type { Place } from '../imported.ts';

/** The error for a squid.conf that squid itself would refuse, or that cannot be read without squid. */
export function squidError({ file, line }: Place, why: string, remedy: string): PaudeError {
  const input = line === 0 ? file : `${file}:${line}`;
  return new PaudeError('squid-invalid', { action: 'import the squid.conf', input, why, remedy });
}
