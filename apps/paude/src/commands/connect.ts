import { Command } from 'commander';
import type { Io } from '../io.ts';
import { ExitCode } from '../report-failure.ts';
import { openLazily } from '../session/open-lazily.ts';
import { type BackendFlag, withSession } from '../session/session-options.ts';
import type { OpenSessions } from '../session/sessions.ts';

/** `paude connect`: joins the terminal of a session's agent. */
export function connectCommand(io: Io, open: OpenSessions = openLazily): Command {
  return withSession(new Command('connect').alias('attach'))
    .description('Join the agent’s terminal; Ctrl-b d leaves it, and the agent goes on.')
    .action(async (name: string | undefined, flags: BackendFlag) => {
      const { findSession } = await import('../session/find-session.ts');
      const choice = { name, ...flags };
      const found = await findSession(await open(io), choice, { action: 'connect to the session', io });
      const code = await found.backend.connect(found.name);
      if (code !== 0) throw new ExitCode(code);
      io.stderr.write(`Left ${found.name}; back to it: paude connect ${found.name}\n`);
    });
}
