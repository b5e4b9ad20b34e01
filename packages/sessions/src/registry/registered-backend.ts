import { PaudeError } from '@paude/errors';
import type { Backend } from '../backend/backend.ts';
import type { Session } from '../session/session.ts';
import type { KnownSession, Registry } from './registry.ts';

/**
 * The same backend, whose sessions are remembered: when it does not answer, those that are known are listed as
 * `unreachable`. A backend that answers is believed.
 */
export function registeredBackend(backend: Backend, registry: Registry): Backend {
  const refresh = async (name: string) => {
    const session = (await backend.list()).find((each) => each.name === name);
    if (session !== undefined) await registry.put(known(session));
  };
  return {
    ...backend,
    async create(spec, options) {
      const session = await backend.create(spec, options);
      await registry.put(known(session));
      return session;
    },
    async upgrade(name, spec, options) {
      await backend.upgrade(name, spec, options);
      await refresh(name);
    },
    async setAllowedDomains(name, words) {
      await backend.setAllowedDomains(name, words);
      const before = await registry.get(backend.name, name);
      if (before !== undefined) await registry.put({ ...before, allowedDomains: [...words] });
    },
    async delete(name, options) {
      try {
        await backend.delete(name, options);
      } catch (error) {
        if (error instanceof PaudeError && error.code === 'session-missing')
          await registry.remove(backend.name, name);
        throw error;
      }
      await registry.remove(backend.name, name);
    },
    list: () => list(backend, registry),
  };
}

async function list(backend: Backend, registry: Registry): Promise<readonly Session[]> {
  try {
    return await backend.list();
  } catch (error) {
    const remembered = (await registry.list()).filter((session) => session.backend === backend.name);
    if (!(error instanceof PaudeError) || remembered.length === 0) throw error;
    const problem = error.why;
    return remembered.map((session) => ({ ...session, state: 'unreachable', problem }));
  }
}

function known({ state: _state, problem: _problem, ...session }: Session): KnownSession {
  return session;
}
