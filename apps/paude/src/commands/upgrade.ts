import { Command } from 'commander';
import type { Io } from '../io.ts';
import { openLazily } from '../session/open-lazily.ts';
import { type BackendFlag, withSession } from '../session/session-options.ts';
import type { OpenSessions } from '../session/sessions.ts';

interface UpgradeFlags extends BackendFlag {
  readonly image?: string;
  readonly proxyImage?: string;
  readonly credentials?: string;
  readonly defaultCredentials: boolean;
}

/** `paude upgrade`: new containers for a session, on the same volume. */
export function upgradeCommand(io: Io, open: OpenSessions = openLazily): Command {
  return withSession(new Command('upgrade'))
    .description('Give a session new images and the credentials of now; its files and its allowlist stay.')
    .option('--image <image>', 'the image of the session, used as it is')
    .option('--proxy-image <image>', 'the image of its proxy')
    .option('--credentials <file>', 'more credential routes, from a YAML or JSON file')
    .option('--no-default-credentials', 'give its proxy no credentials of well-known services')
    .action(async (name: string | undefined, flags: UpgradeFlags) => {
      const { upgradeSession } = await import('../session/upgrade-session.ts');
      await upgradeSession(name, flags, { sessions: await open(io), io });
    });
}
