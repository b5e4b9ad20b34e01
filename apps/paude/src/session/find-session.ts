import { nearest, PaudeError } from '@paude/errors';
import { type Backend, type BackendName, parseSessionName, type Session } from '@paude/sessions';
import { commandLineError } from '../command-line-error.ts';
import type { Io } from '../io.ts';
import type { Sessions } from './sessions.ts';

/** What of a command line says which session is meant. */
export interface SessionChoice {
  /** Undefined: the one of this directory, or the only one. */
  readonly name: string | undefined;
  readonly backend?: string | undefined;
}

export interface FoundSession {
  readonly name: string;
  readonly backend: Backend;
}

/** All sessions of the backends that answer, and those that are known of the others. */
export async function listSessions(
  sessions: Sessions,
  only?: string | undefined,
): Promise<readonly Session[]> {
  const names = only === undefined ? sessions.backendNames : [only as BackendName];
  const lists = await Promise.all(names.map((name) => listOf(sessions.backend(name), only !== undefined)));
  const seen = new Set<string>();
  // podman can stand on PATH as docker, too: its sessions are not two.
  const found = lists.flat().filter(({ name, createdMs, workspace }) => {
    const key = JSON.stringify([name, createdMs, workspace]);
    return !seen.has(key) && seen.add(key);
  });
  return found.sort((one, other) => one.name.localeCompare(other.name));
}

/**
 * The session that is meant.
 *
 * @param action For messages, to follow "Cannot": `stop the session`.
 * @throws PaudeError `session-missing`, `command-line-invalid` when several may be meant.
 */
export async function findSession(
  sessions: Sessions,
  { name, backend: only }: SessionChoice,
  { action, io }: { readonly action: string; readonly io: Pick<Io, 'cwd'> },
): Promise<FoundSession> {
  if (name !== undefined) return findNamed(sessions, parseSessionName(name), { only, action });
  const all = await listSessions(sessions, only);
  const directory = io.cwd();
  const here = all.filter(({ workspace }) => workspace === directory);
  const candidates = here.length > 0 ? here : all;
  const [found] = candidates;
  if (found === undefined) {
    throw new PaudeError('session-missing', {
      action,
      why: 'there is none',
      remedy: 'Make one with paude create',
    });
  }
  if (candidates.length === 1) return { name: found.name, backend: sessions.backend(found.backend) };
  throw commandLineError({
    action,
    why: `it was not named, and there are ${candidates.length}`,
    remedy: `Name one of ${candidates.map((session) => session.name).join(', ')}`,
  });
}

async function findNamed(
  sessions: Sessions,
  name: string,
  { only, action }: { readonly only: string | undefined; readonly action: string },
): Promise<FoundSession> {
  if (only !== undefined) return { name, backend: sessions.backend(only as BackendName) };
  const known = (await sessions.known()).find((session) => session.name === name);
  if (known !== undefined) return { name, backend: sessions.backend(known.backend) };
  const all = await listSessions(sessions);
  const found = all.find((session) => session.name === name);
  if (found !== undefined) return { name, backend: sessions.backend(found.backend) };
  const meant = nearest(
    name,
    all.map((session) => session.name),
  );
  throw new PaudeError('session-missing', {
    action,
    input: name,
    why: 'there is no session of that name',
    remedy:
      meant === undefined
        ? 'See paude list, or make it with paude create'
        : `Write ${meant}, or see paude list`,
  });
}

/** A backend that nobody asked for and that is not installed has no sessions. */
async function listOf(backend: Backend, wasNamed: boolean): Promise<readonly Session[]> {
  try {
    return await backend.list();
  } catch (error) {
    const isAbsent = error instanceof PaudeError && ABSENT.includes(error.code);
    if (isAbsent && !wasNamed) return [];
    throw error;
  }
}

const ABSENT = ['backend-missing', 'backend-unreachable'];
