import type { EngineName } from '@paude/sessions';
import { loadSettings } from '@paude/sessions/config';
import type { Io } from '../io.ts';
import { findSession } from './find-session.ts';
import { makeImage, projectNotes, proxyImageOf } from './new-session.ts';
import { gatherCredentials } from './secrets.ts';
import type { Sessions } from './sessions.ts';
import { settingsOf } from './settings-flags.ts';
import { inSteps } from './steps.ts';

interface UpgradeRequest {
  readonly backend?: string;
  readonly image?: string;
  readonly proxyImage?: string;
  readonly credentials?: string;
  readonly defaultCredentials: boolean;
}

/** Builds the images of now for a session's agent, from the settings of the directory that it was made from. */
export async function upgradeSession(
  name: string | undefined,
  { backend: only, defaultCredentials, ...written }: UpgradeRequest,
  { sessions, io }: { readonly sessions: Sessions; readonly io: Io },
): Promise<void> {
  const found = await findSession(sessions, { name, backend: only }, { action: 'upgrade the session', io });
  const { agent, workspace } = await found.backend.status(found.name);
  const flags = settingsOf({ ...written, agent }, io);
  const loaded = await loadSettings({ directory: workspace, env: io.env, flags });
  for (const note of projectNotes(loaded, workspace)) io.stderr.write(`note: ${note}\n`);
  const { settings } = loaded;
  const engine = sessions.backendNames.find((each) => each === found.backend.name) as EngineName;
  const { secrets, credentials } = await gatherCredentials(io, {
    routesFile: settings.credentials,
    defaults: defaultCredentials,
  });
  await inSteps(io, async (options) => {
    const image = await makeImage(sessions, { settings, backend: engine }, options);
    const spec = {
      image,
      proxyImage: proxyImageOf(settings, engine),
      secrets,
      ...(credentials === undefined ? {} : { credentials }),
    };
    await found.backend.upgrade(found.name, spec, options);
  });
  io.stdout.write(`Upgraded ${found.name}.\n`);
}
