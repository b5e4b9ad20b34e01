import { Command } from 'commander';
import type { Io } from '../io.ts';
import { openLazily } from '../session/open-lazily.ts';
import { type BackendFlag, backendOption } from '../session/session-options.ts';
import type { OpenSessions } from '../session/sessions.ts';

const EXAMPLES = `
Examples:
  paude cp notes.txt my-project:
  paude cp my-project:report.html .
  paude cp my-project:/pvc/home/.codex ./codex

A path in the session is below its workspace, or absolute. The copy goes into the directory that is named last.
`;

/** `paude cp`: copies files into a session or out of it. */
export function cpCommand(io: Io, open: OpenSessions = openLazily): Command {
  return new Command('cp')
    .argument('<from>', 'PATH here, or NAME:PATH in a session')
    .argument('<directory>', 'where to: a directory here, or NAME:DIRECTORY in a session')
    .description('Copy a file or a directory into a session, or out of one.')
    .addOption(backendOption())
    .addHelpText('after', EXAMPLES)
    .action(async (from: string, to: string, flags: BackendFlag) => {
      const { copyFiles } = await import('../session/copy-files.ts');
      await copyFiles({ from, to, ...flags }, { sessions: await open(io), io });
    });
}
