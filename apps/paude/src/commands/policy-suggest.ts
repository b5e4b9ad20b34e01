import { type SuggestedEntry, type Suggestion, suggest } from '@paude/policy';
import { Command } from 'commander';
import { type OutputFormat, outputOption } from '../allowlist-options.ts';
import type { Io } from '../io.ts';
import { readLog } from '../policy/read-log.ts';

interface SuggestFlags {
  readonly log: string;
  readonly aliases: boolean;
  readonly siblings: number;
  readonly denied?: boolean;
  readonly output: OutputFormat;
}

const EXAMPLES = `
Examples:
  paude policy suggest --log audit.jsonl
  paude policy suggest --log audit.jsonl.gz --denied --output json
  paude proxy --report-only --log audit.jsonl   # first: let everything pass, and write it down
`;

/** `paude policy suggest`: the smallest sensible allowlist for what an audit log has seen. */
export function policySuggestCommand(io: Io): Command {
  return new Command('suggest')
    .description('Write the smallest sensible allowlist for what an audit log has seen')
    .requiredOption('--log <file>', 'the audit log (also .gz; - is standard input)')
    .option('--denied', 'name what was refused as well; it is only shown otherwise')
    .option('--no-aliases', 'name hosts and wildcards alone')
    .option('--siblings <count>', 'so many hosts beside each other become a wildcard', Number, 4)
    .addOption(outputOption())
    .addHelpText('after', EXAMPLES)
    .action(async ({ log, aliases, siblings, denied, output }: SuggestFlags) => {
      const usage = await readLog(log, io);
      const suggestion = suggest(usage, { aliases, minSiblings: siblings, includeDenied: denied === true });
      if (output === 'json') io.stdout.write(`${JSON.stringify(suggestion, null, 2)}\n`);
      else io.stdout.write(formatSuggestion(suggestion, denied === true));
      if (usage.unreadable > 0) io.stderr.write(`warning: ${usage.unreadable} lines could not be read.\n`);
      if (usage.overflow > 0)
        io.stderr.write(
          `warning: ${usage.overflow} events are of targets beyond those that are kept; they are not in it.\n`,
        );
    });
}

/** An allowlist file, with the counts as comments: it can be used as it is. */
function formatSuggestion({ entries, denied }: Suggestion, includesDenied: boolean): string {
  const lines = [...entries, ...(includesDenied ? denied : [])].map(formatEntry);
  if (denied.length > 0 && !includesDenied) {
    lines.push('', '# Refused, and so left out (--denied names them, too):');
    for (const entry of denied) lines.push(`# ${formatEntry(entry)}`);
  }
  return lines.length === 0 ? '# Nothing was seen.\n[]\n' : `${lines.join('\n')}\n`;
}

function formatEntry({ word, why, findings }: SuggestedEntry): string {
  const notes = findings.map(({ message }) => ` (${message})`).join('');
  return `- ${JSON.stringify(word)} # ${why}${notes}`;
}
