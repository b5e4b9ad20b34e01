import { Command } from 'commander';
import { type OutputFormat, outputOption } from '../allowlist-options.ts';
import { formatColumns } from '../columns.ts';
import type { Io } from '../io.ts';
import { ExitCode } from '../report-failure.ts';
import { openLazily } from '../session/open-lazily.ts';
import { json } from '../session/session-options.ts';
import type { OpenSessions } from '../session/sessions.ts';

/** `paude doctor`: what is there of what sessions need. */
export function doctorCommand(io: Io, open: OpenSessions = openLazily): Command {
  return new Command('doctor')
    .description('Check what sessions need on this machine, and say what to do about what is missing.')
    .addOption(outputOption())
    .action(async ({ output }: { readonly output: OutputFormat }) => {
      const { examine } = await import('../session/examine.ts');
      const findings = await examine(await open(io), io);
      const rows = findings.map(({ check, state, detail }) => [state, check, detail]);
      io.stdout.write(output === 'json' ? json(findings) : formatColumns(rows));
      if (findings.some(({ state }) => state === 'missing')) throw new ExitCode(1);
    });
}
