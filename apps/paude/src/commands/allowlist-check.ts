import { compile } from '@paude/allowlist';
import { formatAuthority } from '@paude/proxy';
import { Command } from 'commander';
import { type AllowlistFlags, readAllowlist, withAllowlistOptions } from '../allowlist-options.ts';
import { formatColumns } from '../columns.ts';
import type { Io } from '../io.ts';
import { ExitCode } from '../report-failure.ts';
import { parseTarget } from '../target-argument.ts';

/** `paude allowlist check`: what the allowlist decides about targets; exit code 1 when any is denied. */
export function allowlistCheckCommand(io: Io): Command {
  const command = new Command('check').argument(
    '<targets...>',
    'HOST, HOST:PORT or URL; the port is 443 when none is named',
  );
  return withAllowlistOptions(command)
    .description('Say for each target whether it is allowed. Exits 1 when one is not.')
    .action(async (targets: readonly string[], flags: AllowlistFlags) => {
      const policy = compile(await readAllowlist([], flags), { atMs: Date.now() });
      const answers = targets.map((text) => {
        const { host, port } = parseTarget(text);
        const { result, reason, rule } = policy.decide(host, port);
        return { host, port, result, reason, rule: rule?.text };
      });
      if (flags.output === 'json') io.stdout.write(`${JSON.stringify(answers, null, 2)}\n`);
      else {
        const rows = answers.map(({ host, port, result, reason, rule }) => [
          result,
          formatAuthority(host, port),
          reason,
          rule ?? '',
        ]);
        io.stdout.write(formatColumns(rows));
      }
      if (answers.some(({ result }) => result === 'deny')) throw new ExitCode(1);
    });
}
