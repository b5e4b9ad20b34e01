import { Command } from 'commander';
import { type OutputFormat, outputOption } from '../allowlist-options.ts';
import type { Io } from '../io.ts';
import { json } from '../session/session-options.ts';
import { VERSION } from '../version.ts';

/** `paude version`. */
export function versionCommand(io: Io): Command {
  return new Command('version')
    .description('Print the version.')
    .addOption(outputOption())
    .action(({ output }: { readonly output: OutputFormat }) => {
      io.stdout.write(output === 'json' ? json({ paude: VERSION }) : `paude ${VERSION}\n`);
    });
}
