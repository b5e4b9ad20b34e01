import {
  formatAllowlistFile,
  type Imported,
  importedAllowlist,
  importSmokescreen,
  importSrt,
} from '@paude/policy';
import { Command } from 'commander';
import { type OutputFormat, outputOption } from '../allowlist-options.ts';
import type { Io } from '../io.ts';
import { formatNote } from '../policy/read-source.ts';
import { readSquid, readText } from '../policy/squid-source.ts';
import { ExitCode } from '../report-failure.ts';

interface ImportFlags {
  readonly output: OutputFormat;
  readonly strict?: boolean;
  readonly client?: string;
  readonly service?: string;
}

const EXAMPLES = `
Examples:
  paude policy import squid /etc/squid/squid.conf > allowlist.yaml
  paude policy import smokescreen acl.yaml --service my-service
  paude policy import srt ~/.srt-settings.json --output json
`;

/** `paude policy import`: an allowlist from the configuration of another filter. */
export function policyImportCommand(io: Io): Command {
  const command = new Command('import')
    .description(
      'Turn the configuration of another filter into an allowlist. What it cannot say exactly is allowed less, and told.',
    )
    .addHelpText('after', EXAMPLES);
  const squid = formatCommand('squid', 'squid.conf and the files that it names')
    .option('--client <address>', 'the client for which lists of clients are judged')
    .action(async (file: string, flags: ImportFlags) => {
      const options = flags.client === undefined ? {} : { client: flags.client };
      tell(await readSquid(file, options), flags, io);
    });
  const smokescreen = formatCommand('smokescreen', 'an ACL file of smokescreen')
    .option('--service <name>', 'the service whose rules are meant (default: those of all others)')
    .action(async (file: string, flags: ImportFlags) => {
      const { service } = flags;
      const options = { file, ...(service === undefined ? {} : { service }) };
      tell(importSmokescreen(await readText(file), options), flags, io);
    });
  const srt = formatCommand('srt', 'the settings of the sandbox runtime srt').action(
    async (file: string, flags: ImportFlags) => tell(importSrt(await readText(file), { file }), flags, io),
  );
  return command.addCommand(squid).addCommand(smokescreen).addCommand(srt);
}

function formatCommand(name: string, what: string): Command {
  return new Command(name)
    .argument('<file>', what)
    .description(`Read ${what}`)
    .addOption(outputOption())
    .option('--strict', 'exit 1 when something could not be said exactly');
}

function tell(imported: Imported, { output, strict }: ImportFlags, { stdout, stderr }: Io): void {
  const { entries, notes } = imported;
  if (output === 'json') stdout.write(`${JSON.stringify({ entries, notes }, null, 2)}\n`);
  else {
    stdout.write(`${formatAllowlistFile(importedAllowlist(imported)).trimEnd()}\n`);
    for (const note of notes) stderr.write(formatNote(note));
    if (entries.length === 0)
      stderr.write('warning: It allows nothing, so the allowlist is empty and denies everything.\n');
  }
  if (strict === true && notes.length > 0) throw new ExitCode(1);
}
