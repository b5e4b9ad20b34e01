import { PaudeError } from '@paude/errors';

/** The error with which something is refused. Rejects when it is not, or fails otherwise. */
export async function refusalOf(act: () => Promise<unknown>): Promise<PaudeError> {
  try {
    await act();
  } catch (error) {
    if (error instanceof PaudeError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
