import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PaudeError } from '@paude/errors';
import {
  type Backend,
  buildSessionImage,
  containerBackend,
  type EngineName,
  openEngine,
  openRegistry,
  registeredBackend,
} from '@paude/sessions';
import type { Io } from '../io.ts';
import { VERSION } from '../version.ts';
import { findOnPath } from './find-on-path.ts';
import type { Sessions } from './sessions.ts';

const ENGINES: readonly EngineName[] = ['podman', 'docker'];

/** The backends of this machine, and what is remembered of sessions. */
export function openSessions(io: Pick<Io, 'env'>): Sessions {
  const { env } = io;
  const state = join(stateHome(env), 'paude');
  const registry = openRegistry(join(state, 'sessions'));
  const isThere = (name: EngineName) => findOnPath(name, env.PATH) !== undefined;
  const engine = (name: EngineName) => openEngine(name, { env });
  return {
    // Where there is none, podman is the one that is missed.
    backendNames: [...ENGINES].sort((one, other) => Number(isThere(other)) - Number(isThere(one))),
    backend(name): Backend {
      const known = ENGINES.find((each) => each === name);
      if (known === undefined) throw unknownBackend(name);
      const options = { version: VERSION, stateDirectory: join(state, 'locks') };
      return registeredBackend(containerBackend(engine(known), options), registry);
    },
    buildImage: (name, request, options) =>
      buildSessionImage(engine(name), { ...request, directory: imageDirectory() }, options),
    known: () => registry.list(),
    forget: (backend, name) => registry.remove(backend, name),
  };
}

function unknownBackend(name: string): PaudeError {
  return new PaudeError('backend-unknown', {
    action: 'use the backend',
    input: name,
    why: 'there is none of that name here',
    remedy: `Use ${ENGINES.join(' or ')}`,
  });
}

function stateHome({ XDG_STATE_HOME: state, HOME: home }: Io['env']): string {
  // The XDG base directory specification has relative paths ignored.
  if (state !== undefined && isAbsolute(state)) return state;
  return join(home || homedir(), '.local', 'state');
}

/** What a session's image is built from; it lies beside this program, bundled or not. */
function imageDirectory(): string {
  const own = dirname(fileURLToPath(import.meta.url));
  for (let at = own; at !== dirname(at); at = dirname(at)) {
    const found = join(at, 'containers', 'session');
    if (existsSync(join(found, 'Containerfile'))) return found;
  }
  throw new PaudeError('image-context', {
    action: 'build the image of a session',
    why: 'its Containerfile is not where it should be',
    remedy: 'Install paude again, or name an image that is built already with --image',
  });
}
