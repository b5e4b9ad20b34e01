import { Command } from 'commander';
import { type OutputFormat, outputOption } from '../allowlist-options.ts';
import type { Io } from '../io.ts';
import { openLazily } from '../session/open-lazily.ts';
import { type BackendFlag, json, withSession } from '../session/session-options.ts';
import type { OpenSessions } from '../session/sessions.ts';

interface BlockedDomainsFlags extends BackendFlag {
  readonly raw?: boolean;
  readonly follow?: boolean;
  readonly output: OutputFormat;
}

/** `paude blocked-domains`: what a session asked for and did not get. */
export function blockedDomainsCommand(io: Io, open: OpenSessions = openLazily): Command {
  return withSession(new Command('blocked-domains'))
    .description('Show what a session’s proxy refused, and the command that would allow each.')
    .option('--raw', 'the lines of the audit log')
    .option('-f, --follow', 'go on with what comes, until Ctrl-C')
    .addOption(outputOption())
    .action(async (name: string | undefined, { raw, follow, backend, output }: BlockedDomainsFlags) => {
      const [{ findSession }, { blockedText, blockedViews, followBlocked }] = await Promise.all([
        import('../session/find-session.ts'),
        import('../session/blocked.ts'),
      ]);
      const choice = { name, backend };
      const found = await findSession(await open(io), choice, {
        action: 'read what was blocked of the session',
        io,
      });
      if (raw === true || follow === true)
        return followBlocked(found, { io, isRaw: raw === true, follow: follow === true });
      const views = blockedViews(await found.backend.blockedDomains(found.name), found.name);
      io.stdout.write(output === 'json' ? json(views) : blockedText(views, Date.now()));
    });
}
