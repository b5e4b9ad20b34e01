import { lint } from '@paude/allowlist';
import { Command } from 'commander';
import { type AllowlistFlags, readAllowlist, withAllowlistOptions } from '../allowlist-options.ts';
import { formatFinding, viewFinding } from '../finding-view.ts';
import type { Io } from '../io.ts';
import { ExitCode } from '../report-failure.ts';

interface LintFlags extends AllowlistFlags {
  readonly strict?: boolean;
}

/** `paude allowlist lint`: what is wrong or dangerous about the rules. */
export function allowlistLintCommand(io: Io): Command {
  const command = new Command('lint').argument('[words...]', 'aliases and patterns');
  return withAllowlistOptions(command)
    .description(
      'Find rules that repeat, do nothing, or allow more than they seem to. Exits 1 when there is an error.',
    )
    .option('--strict', 'exit 1 when there is a warning, too')
    .action(async (words: readonly string[], flags: LintFlags) => {
      const findings = lint(await readAllowlist(words, flags), { atMs: Date.now() });
      if (flags.output === 'json') {
        io.stdout.write(`${JSON.stringify(findings.map(viewFinding), null, 2)}\n`);
      } else {
        for (const finding of findings) io.stdout.write(formatFinding(finding));
        // The report is all that standard output holds; nothing found is said beside it.
        if (findings.length === 0) io.stderr.write('No findings.\n');
      }
      const isBad = findings.some(
        ({ severity }) => severity === 'error' || (flags.strict === true && severity === 'warning'),
      );
      if (isBad) throw new ExitCode(1);
    });
}
