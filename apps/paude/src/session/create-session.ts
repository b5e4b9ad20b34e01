import { type Backend, type EngineName, parseSessionName, type SessionSpec } from '@paude/sessions';
import { type LoadedSettings, loadSettings } from '@paude/sessions/config';
import type { Io } from '../io.ts';
import { HostGit } from './host-git.ts';
import { backendOf, defaultName, gitIdentityOf, makeImage, projectNotes, specOf } from './new-session.ts';
import { type Pushed, pushCode } from './push-code.ts';
import { gatherCredentials } from './secrets.ts';
import { json } from './session-options.ts';
import type { Sessions } from './sessions.ts';
import { type SettingsFlags, settingsOf } from './settings-flags.ts';
import { planOf, planText } from './show-plan.ts';
import { inSteps } from './steps.ts';

/** The command line of `paude create`. */
export interface CreateFlags extends SettingsFlags {
  readonly dryRun?: boolean;
  readonly defaultCredentials: boolean;
  readonly output: 'text' | 'json';
}

interface Wish {
  readonly spec: Omit<SessionSpec, 'image'>;
  readonly loaded: LoadedSettings;
  readonly backendName: EngineName;
  readonly git: HostGit;
}

/** Makes a session from the settings of all layers, or says what it would make. */
export async function createSession(
  name: string | undefined,
  flags: CreateFlags,
  { sessions, io }: { readonly sessions: Sessions; readonly io: Io },
): Promise<void> {
  const wish = await wishOf(name, flags, { sessions, io });
  const { spec, loaded, backendName, git } = wish;
  for (const note of projectNotes(loaded, io.cwd())) io.stderr.write(`note: ${note}\n`);
  if (spec.allowedDomains.length === 0)
    io.stderr.write('note: nothing is allowed; paude allowed-domains --add allows something later\n');
  if (flags.dryRun === true) {
    const plan = planOf(spec, loaded, backendName);
    io.stdout.write(flags.output === 'json' ? json(plan) : planText(plan));
    return;
  }
  if (loaded.settings.git) await git.requireRepository('create the session with --git');
  const backend = sessions.backend(backendName);
  await backend.check();
  const { session, pushed } = await inSteps(io, async (options) => {
    const image = await makeImage(sessions, { settings: loaded.settings, backend: backendName }, options);
    const made = await backend.create({ ...spec, image }, options);
    return { session: made, pushed: await push(wish, backend, options.progress) };
  });
  if (flags.output === 'json') io.stdout.write(json({ ...session, ...(pushed && { git: pushed }) }));
  else io.stdout.write(told(session.name, pushed));
}

async function wishOf(
  name: string | undefined,
  flags: CreateFlags,
  { sessions, io }: { readonly sessions: Sessions; readonly io: Io },
): Promise<Wish> {
  const { dryRun: _dry, output: _output, defaultCredentials, ...written } = flags;
  const git = new HostGit(io);
  const directory = io.cwd();
  const loaded = await loadSettings({ directory, env: io.env, flags: settingsOf(written, io) });
  const { settings } = loaded;
  const backendName = backendOf(settings, sessions);
  const spec = specOf(name === undefined ? defaultName(io) : parseSessionName(name), {
    settings,
    backend: backendName,
    workspace: directory,
    credentials: await gatherCredentials(io, {
      routesFile: settings.credentials,
      defaults: defaultCredentials,
    }),
    gitIdentity: await gitIdentityOf(git),
  });
  return { spec, loaded, backendName, git };
}

/** The session is there and stays there when this fails. */
async function push(
  { spec, loaded, git }: Wish,
  backend: Backend,
  progress: Parameters<typeof pushCode>[1]['progress'],
): Promise<Pushed | undefined> {
  if (!loaded.settings.git) return undefined;
  const { name, agent, allowedDomains } = spec;
  return pushCode(git, { name, backend, allowedDomains, agent, progress });
}

function told(name: string, pushed: Pushed | undefined): string {
  const code =
    pushed === undefined
      ? [`  paude remote add ${name}   # then: git push paude-${name} BRANCH`]
      : [`  git pull ${pushed.remote} ${pushed.branch}   # what the agent has committed`];
  return [
    `Made the session ${name}.`,
    `  paude connect ${name}   # leave it with Ctrl-b d`,
    ...code,
    '',
  ].join('\n');
}
