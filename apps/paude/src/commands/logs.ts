import { pipeline } from 'node:stream/promises';
import { Command } from 'commander';
import type { Io } from '../io.ts';
import { openLazily } from '../session/open-lazily.ts';
import { type BackendFlag, withSession } from '../session/session-options.ts';
import type { OpenSessions } from '../session/sessions.ts';

interface LogsFlags extends BackendFlag {
  readonly follow?: boolean;
  readonly proxy?: boolean;
}

/** `paude logs`: what the agent's terminal showed, or what the proxy decided. */
export function logsCommand(io: Io, open: OpenSessions = openLazily): Command {
  return withSession(new Command('logs'))
    .description('Show what the agent’s terminal showed, or with --proxy the audit log of its proxy.')
    .option('-f, --follow', 'go on with what comes, until Ctrl-C')
    .option('--proxy', 'the audit log of the proxy, in JSON (docs/audit-log.md)')
    .action(async (name: string | undefined, { follow = false, proxy, backend }: LogsFlags) => {
      const { findSession } = await import('../session/find-session.ts');
      const choice = { name, backend };
      const found = await findSession(await open(io), choice, {
        action: 'read the log of the session',
        io,
      });
      const controller = new AbortController();
      const stop = () => controller.abort();
      io.on('SIGINT', stop);
      try {
        const { signal } = controller;
        const of = proxy === true ? 'proxy' : 'agent';
        const log = await found.backend.logs(found.name, { of, follow, signal });
        await pipeline(log, io.stdout, { end: false, signal });
      } catch (error) {
        if (!controller.signal.aborted) throw error;
      } finally {
        io.off('SIGINT', stop);
      }
    });
}
