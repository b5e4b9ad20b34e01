import { PaudeError } from '@paude/errors';
import { loadSettings } from '@paude/sessions/config';
import type { Io } from '../io.ts';
import { findOnPath } from './find-on-path.ts';
import type { Sessions } from './sessions.ts';

/** One thing that sessions need, or that is good to have (`note` where it is not there). */
export interface Examined {
  readonly check: string;
  readonly state: 'ok' | 'note' | 'missing';
  readonly detail: string;
}

/** Looks at what sessions need. */
export async function examine(sessions: Sessions, io: Io): Promise<readonly Examined[]> {
  const backends = await Promise.all(
    sessions.backendNames.map((name) => attempt(name, () => sessions.backend(name).check())),
  );
  // One that works is enough.
  const works = backends.some(({ state }) => state === 'ok');
  return [
    ...backends.map((found) =>
      works && found.state === 'missing' ? { ...found, state: 'note' as const } : found,
    ),
    program(io, 'git', { state: 'missing', why: 'without it no code goes in or out: install git' }),
    program(io, 'git-remote-paude', {
      state: 'note',
      why: 'git looks for it on PATH for remotes paude::NAME: put the directory of paude on PATH',
    }),
    program(io, 'gh', { state: 'note', why: 'paude harvest --pr opens pull requests with it' }),
    await attempt('settings', async () => {
      await loadSettings({ directory: io.cwd(), env: io.env, flags: {} });
    }),
  ];
}

async function attempt(check: string, probe: () => Promise<void>): Promise<Examined> {
  try {
    await probe();
    return { check, state: 'ok', detail: 'works' };
  } catch (error) {
    if (!(error instanceof PaudeError)) throw error;
    return { check, state: 'missing', detail: `${error.why}. ${error.remedy}.` };
  }
}

function program(
  io: Io,
  check: string,
  absent: { readonly state: Examined['state']; readonly why: string },
): Examined {
  const place = findOnPath(check, io.env.PATH);
  return place === undefined
    ? { check, state: absent.state, detail: absent.why }
    : { check, state: 'ok', detail: place };
}
