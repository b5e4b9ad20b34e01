import { lint } from '@paude/allowlist';
import { Command } from 'commander';
import {
  type AllowlistFlags,
  outputOption,
  readAllowlist,
  withAllowlistWords,
} from '../allowlist-options.ts';
import { formatFinding, viewFinding } from '../finding-view.ts';
import type { Io } from '../io.ts';
import { formatDiagnostics, viewDiagnostic } from '../policy/diagnostics.ts';
import { emitKinds } from '../policy/emit.ts';
import { type IntentFlags, intentOf, kindsOf, withIntentOptions } from '../policy/intent-options.ts';
import { ExitCode } from '../report-failure.ts';

interface LintFlags extends AllowlistFlags, IntentFlags {
  readonly strict?: boolean;
}

const EXAMPLES = `
Examples:
  paude policy lint --allowlist allowlist.yaml --namespace agents --target cilium
  paude policy lint default --session my-project --target openshift --kind EgressFirewall --output json
`;

/** `paude policy lint`: what is wrong with the rules, and what of them a target cannot enforce. */
export function policyLintCommand(io: Io): Command {
  const command = new Command('lint').argument('[words...]', 'aliases and patterns');
  return withIntentOptions(withAllowlistWords(command))
    .description(
      'Say what is wrong with an allowlist, and what of it a target cannot enforce. Exits 1 at an error.',
    )
    .optionsGroup('Answer:')
    .addOption(outputOption())
    .option('--strict', 'exit 1 when there is a warning, too')
    .addHelpText('after', EXAMPLES)
    .action(async (words: readonly string[], flags: LintFlags) => {
      const allowlist = await readAllowlist(words, flags);
      const atMs = Date.now();
      const findings = lint(allowlist, { atMs });
      // Nothing runs here, so it does not matter which image would.
      const options = { kinds: kindsOf(flags), image: 'paude-proxy:latest' };
      const { diagnostics } = emitKinds(allowlist, intentOf(flags, atMs), options);
      if (flags.output === 'json') {
        const view = { findings: findings.map(viewFinding), diagnostics: diagnostics.map(viewDiagnostic) };
        io.stdout.write(`${JSON.stringify(view, null, 2)}\n`);
      } else {
        for (const finding of findings) io.stdout.write(formatFinding(finding));
        io.stdout.write(formatDiagnostics(diagnostics));
        if (findings.length + diagnostics.length === 0) io.stderr.write('No findings.\n');
      }
      const severities = [...findings, ...diagnostics].map(({ severity }) => severity);
      const isBad = severities.includes('error') || (flags.strict === true && severities.includes('warning'));
      if (isBad) throw new ExitCode(1);
    });
}
