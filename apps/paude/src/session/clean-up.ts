import { listSessions } from './find-session.ts';
import type { Sessions } from './sessions.ts';

/** What is idle or old enough. */
export interface CleanupLimits {
  readonly idleMs: number | undefined;
  readonly ageMs: number | undefined;
  readonly isDry: boolean;
  readonly only: string | undefined;
  readonly nowMs: number;
}

export interface Cleaned {
  readonly name: string;
  readonly action: 'stop' | 'delete';
}

/**
 * Stops and deletes what is beyond the limits. One that does not answer, or of which it is not known when something last
 * happened in it, is left alone.
 */
export async function cleanUp(sessions: Sessions, limits: CleanupLimits): Promise<readonly Cleaned[]> {
  const { idleMs, ageMs, isDry, only, nowMs } = limits;
  const done: Cleaned[] = [];
  for (const { name, backend: backendName, state, createdMs } of await listSessions(sessions, only)) {
    const backend = sessions.backend(backendName);
    if (state === 'running' && idleMs !== undefined) {
      const { lastMs } = (await backend.status(name)).activity;
      if (lastMs === undefined || nowMs - lastMs < idleMs) continue;
      if (!isDry) await backend.stop(name);
      done.push({ name, action: 'stop' });
    } else if (state === 'stopped' && ageMs !== undefined && createdMs > 0 && nowMs - createdMs >= ageMs) {
      if (!isDry) await backend.delete(name);
      done.push({ name, action: 'delete' });
    }
  }
  return done;
}

export function cleanupText(done: readonly Cleaned[], isDry: boolean): string {
  if (done.length === 0) return 'Nothing is beyond the limits.\n';
  const did = isDry ? { stop: 'Would stop', delete: 'Would delete' } : { stop: 'Stopped', delete: 'Deleted' };
  return done.map(({ name, action }) => `${did[action]} ${name}.\n`).join('');
}
