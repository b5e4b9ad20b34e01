import { Command } from 'commander';
import { type AllowlistFlags, readAllowlist, withAllowlistOptions } from '../allowlist-options.ts';
import { formatColumns } from '../columns.ts';
import type { Io } from '../io.ts';
import { originOf, portsOf, viewRule } from '../rule-view.ts';

/** `paude allowlist expand`: every rule that the words stand for. */
export function allowlistExpandCommand(io: Io): Command {
  const command = new Command('expand').argument('[words...]', 'aliases and patterns');
  return withAllowlistOptions(command)
    .description('Show every rule that words and files stand for, with its ports and why it is there')
    .action(async (words: readonly string[], flags: AllowlistFlags) => {
      const allowlist = await readAllowlist(words, flags);
      const { rules, defaultPorts } = allowlist;
      if (flags.output === 'json') {
        const view = { defaultPorts, rules: rules.map((rule) => viewRule(rule, allowlist)) };
        io.stdout.write(`${JSON.stringify(view, null, 2)}\n`);
        return;
      }
      const rows = rules.map((rule) => [
        rule.text,
        portsOf(rule, allowlist),
        originOf(rule),
        rule.reason ?? '',
      ]);
      io.stdout.write(formatColumns([['RULE', 'PORTS', 'FROM', 'WHY'], ...rows]));
    });
}
