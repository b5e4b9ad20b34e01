import { readFile } from 'node:fs/promises';
import { type Allowlist, mergeAllowlists, parseAllowlistFile, parseWords } from '@paude/allowlist';
import { PaudeError } from '@paude/errors';

/** An allowlist as it is asked for: words, and a file whose rules follow them. */
export interface AllowlistRequest {
  readonly words: readonly string[];
  readonly file?: string | undefined;
  /** The agent whose hosts `default` includes. */
  readonly agent?: string | undefined;
  /** Ports beside 80 and 443 that rules without a port are for. */
  readonly extraPorts?: readonly number[] | undefined;
}

/**
 * Reads an allowlist.
 *
 * @throws PaudeError `file-unreadable`, or what is wrong with the words or the file.
 */
export async function loadAllowlist(request: AllowlistRequest): Promise<Allowlist> {
  return parseAllowlist(request, await readAllowlistText(request.file));
}

/** The rules of the words, then those of the file's text. */
export function parseAllowlist(request: AllowlistRequest, text: string): Allowlist {
  const { words, file, agent, extraPorts } = request;
  const spoken = parseWords(words, { agent, extraPorts });
  if (file === undefined) return spoken;
  return mergeAllowlists([spoken, parseAllowlistFile(text, { path: file, agent, extraPorts })]);
}

/** The text of an allowlist file; empty when there is none. */
export async function readAllowlistText(file: string | undefined): Promise<string> {
  if (file === undefined) return '';
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new PaudeError('file-unreadable', {
      action: 'read the allowlist',
      input: file,
      why: code === 'ENOENT' ? 'there is no such file' : `reading it failed (${code})`,
      remedy: 'Check the path and that this user may read it',
      cause: error,
    });
  }
}
