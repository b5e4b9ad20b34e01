import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { PaudeError } from '@paude/errors';
import { PROJECT_FILE } from './project-file.ts';

/** What there is of a project's settings when there is no file. */
const ABSENT = 'absent';

/** Where what was trusted is kept. */
export interface TrustPlace {
  /** Of the project; without links. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Makes sure that a project's settings are those of the last run, or that a person has looked at them since: a command may
 * write to the directory in which they lie, and would allow itself more for the next run.
 *
 * @param text The settings; undefined when there are none.
 * @throws PaudeError `project-file-changed`.
 */
export function checkTrust(place: TrustPlace, text: string | undefined): void {
  const known = readRecord(place);
  if (known === undefined) return recordTrust(place, text);
  if (known === digest(text)) return;
  throw new PaudeError('project-file-changed', {
    action: 'use the settings of the project',
    input: join(place.directory, PROJECT_FILE),
    why: 'they are not those of the last run, and the command that ran may have changed them',
    remedy: 'Look at them, and run once with --trust-project',
  });
}

/** Keeps the settings for the ones that a person wants. */
export function recordTrust(place: TrustPlace, text: string | undefined): void {
  if (readRecord(place) === digest(text)) return;
  const path = recordPath(place);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, `${digest(text)}\n`, { mode: 0o600 });
  } catch {
    // A home that cannot be written to: there is no last run then, as far as anybody knows.
  }
}

function readRecord(place: TrustPlace): string | undefined {
  try {
    return readFileSync(recordPath(place), 'utf8').trim();
  } catch {
    return undefined;
  }
}

function recordPath({ directory, env }: TrustPlace): string {
  const { XDG_STATE_HOME: state, HOME: home } = env;
  const base = state !== undefined && isAbsolute(state) ? state : join(home || homedir(), '.local', 'state');
  return join(base, 'paude', 'projects', hash(directory));
}

function digest(text: string | undefined): string {
  return text === undefined ? ABSENT : hash(text);
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
