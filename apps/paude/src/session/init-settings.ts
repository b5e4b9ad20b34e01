import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PaudeError } from '@paude/errors';

/** What a new file says; all of it can be changed or left out. */
const PROJECT = { agent: 'claude', allowedDomains: ['default'], packages: [], setup: [] };
const USER = { agent: 'claude', yolo: false };

/** Writes settings to begin with. @throws PaudeError `settings-exist`, `settings-unwritable`. */
export async function initSettings(path: string, { isUser }: { readonly isUser: boolean }): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, `${JSON.stringify(isUser ? USER : PROJECT, null, 2)}\n`, { flag: 'wx' });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const isThere = code === 'EEXIST';
    throw new PaudeError(isThere ? 'settings-exist' : 'settings-unwritable', {
      action: 'write the settings',
      input: path,
      why: isThere ? 'they are there already' : `writing failed (${code})`,
      remedy: isThere ? 'Edit them; paude config show says what they mean' : 'See that the place is yours',
      cause: error,
    });
  }
}
