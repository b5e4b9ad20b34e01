import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nearest, PaudeError } from '@paude/errors';
import { PROJECT_KEYS } from '@paude/sessions/local';

/** The name of a project's settings, in the directory where `paude run` is started. */
export const PROJECT_FILE = 'paude.json';

/** What a project says of its own runs. */
export interface ProjectFile {
  /** Words of the allowlist, besides those of the command line. */
  readonly allowedDomains?: readonly string[];
  /** The agent whose hosts `default` includes. */
  readonly agent?: string;
  /** What sessions use besides (docs/configuration.md); a run leaves it alone. */
  readonly [key: string]: unknown;
}

/**
 * The text of a project's settings; undefined when there is no such file.
 *
 * @throws PaudeError `project-file-invalid`.
 */
export function readProjectText(directory: string): string | undefined {
  const path = join(directory, PROJECT_FILE);
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw invalid(path, `reading it failed (${code})`, 'Check that this user may read it', error);
  }
}

/**
 * Reads a project's settings from their text.
 *
 * @throws PaudeError `project-file-invalid`.
 */
export function parseProject(directory: string, text: string | undefined): ProjectFile {
  const path = join(directory, PROJECT_FILE);
  return text === undefined ? {} : check(path, parse(path, text));
}

/**
 * Adds words to the settings that a project had when its run began; what the command made of them meanwhile does not count.
 *
 * @returns the text that is there now.
 */
export function saveWords(directory: string, before: ProjectFile, words: readonly string[]): string {
  const path = join(directory, PROJECT_FILE);
  const allowedDomains = [...new Set([...(before.allowedDomains ?? []), ...words])];
  const text = `${JSON.stringify({ ...before, allowedDomains }, null, 2)}\n`;
  const aside = join(directory, `.${PROJECT_FILE}.${randomBytes(6).toString('hex')}`);
  writeFileSync(aside, text, { flag: 'wx' });
  renameSync(aside, path);
  return text;
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(path, 'it is not JSON', 'Correct it', error);
  }
}

function check(path: string, value: unknown): ProjectFile {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(path, 'it is no object', 'Write it as in {"allowedDomains": ["default"]}');
  }
  for (const key of Object.keys(value)) {
    if (PROJECT_KEYS.includes(key)) continue;
    const meant = nearest(key, PROJECT_KEYS);
    throw invalid(
      path,
      `there is no key "${key}"`,
      meant === undefined ? `Use ${PROJECT_KEYS.join(', ')}` : `Write ${meant}`,
    );
  }
  const { allowedDomains, agent, ...others } = value as Record<string, unknown>;
  const isWords = Array.isArray(allowedDomains) && allowedDomains.every((word) => typeof word === 'string');
  if (allowedDomains !== undefined && !isWords)
    throw invalid(path, 'allowedDomains takes a list of words', 'Correct allowedDomains');
  if (agent !== undefined && typeof agent !== 'string')
    throw invalid(path, 'agent takes a name', 'Correct agent');
  return { ...others, ...(isWords ? { allowedDomains } : {}), ...(agent === undefined ? {} : { agent }) };
}

function invalid(input: string, why: string, remedy: string, cause?: unknown): PaudeError {
  return new PaudeError('project-file-invalid', {
    action: 'read the settings of the project',
    input,
    why,
    remedy,
    cause,
  });
}
