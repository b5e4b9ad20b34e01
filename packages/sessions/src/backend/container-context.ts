import type { Engine } from '../engine/engine.ts';
import { parseSessionName } from '../session/session-name.ts';
import { missingPart } from './describe-session.ts';
import type { Parts } from './parts.ts';
import { findParts, isAnything } from './parts.ts';
import { brokenSession, missingSession, stoppedSession } from './session-errors.ts';
import { lockSession } from './session-lock.ts';

/** What all operations of the backend share. */
export interface ContainerContext {
  readonly engine: Engine;
  /** The version of paude, for labels. */
  readonly version: string;
  /** Where locks lie: a directory of this user's. */
  readonly stateDirectory: string;
}

/** One operation at a time for a session: its parts do not change but by us while `operate` runs. */
export async function exclusively<T>(
  { stateDirectory }: ContainerContext,
  name: string,
  operate: () => Promise<T>,
): Promise<T> {
  await using _lock = await lockSession(stateDirectory, parseSessionName(name));
  return await operate();
}

/** What there is of one session, which may be nothing. */
export async function partsOf({ engine }: ContainerContext, name: string, action: string): Promise<Parts> {
  parseSessionName(name);
  const [parts] = await findParts(engine, { action, input: name }, name);
  return parts ?? { name, session: undefined, proxy: undefined, volumes: new Set(), networks: new Set() };
}

/** @throws PaudeError `session-missing`, `session-broken` when a part of it is not there. */
export async function wholeParts(context: ContainerContext, name: string, action: string): Promise<Parts> {
  const parts = await partsOf(context, name, action);
  if (!isAnything(parts)) throw missingSession(action, name);
  const missing = missingPart(parts);
  if (missing !== undefined) throw brokenSession(action, name, missing);
  return parts;
}

/** @throws PaudeError `session-missing`, `session-broken`, `session-not-running`. */
export async function runningParts(context: ContainerContext, name: string, action: string): Promise<Parts> {
  const parts = await wholeParts(context, name, action);
  if (parts.session?.isRunning !== true) throw stoppedSession(action, name);
  return parts;
}
