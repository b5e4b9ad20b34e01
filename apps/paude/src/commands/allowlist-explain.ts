import { type Allowlist, explain, type RuleMatch } from '@paude/allowlist';
import { formatAuthority } from '@paude/proxy';
import { Command } from 'commander';
import { type AllowlistFlags, readAllowlist, withAllowlistOptions } from '../allowlist-options.ts';
import { formatColumns } from '../columns.ts';
import type { Io } from '../io.ts';
import { originOf, portsOf, viewRule } from '../rule-view.ts';
import { parseTarget } from '../target-argument.ts';

/** `paude allowlist explain`: the decision about one target, and every rule that bears on it. */
export function allowlistExplainCommand(io: Io): Command {
  const command = new Command('explain').argument(
    '<target>',
    'HOST, HOST:PORT or URL; the port is 443 when none is named',
  );
  return withAllowlistOptions(command)
    .description('Say what is decided about a target, and show every rule that matches its host')
    .action(async (text: string, flags: AllowlistFlags) => {
      const target = parseTarget(text);
      const allowlist = await readAllowlist([], flags);
      const { decision, matches } = explain(allowlist, target, { atMs: Date.now() });
      if (flags.output === 'json') {
        const view = {
          ...target,
          result: decision.result,
          reason: decision.reason,
          rule: decision.rule?.text,
          matches: matches.map(({ rule, isForPort, isExpired }) => ({
            ...viewRule(rule, allowlist),
            isForPort,
            isExpired,
          })),
        };
        io.stdout.write(`${JSON.stringify(view, null, 2)}\n`);
        return;
      }
      const by = decision.rule === undefined ? '' : `, by the rule ${decision.rule.text}`;
      io.stdout.write(
        `${formatAuthority(target.host, target.port)}: ${decision.result} (${decision.reason}${by})\n`,
      );
      if (matches.length === 0) {
        io.stdout.write(`No rule matches the host. To allow it: --allowed-domains ${target.host}\n`);
        return;
      }
      const rows = matches.map((match) => describe(match, allowlist));
      io.stdout.write(`\n${formatColumns([['RULE', 'PORTS', 'FROM', 'BEARS ON IT', 'WHY'], ...rows])}`);
    });
}

function describe({ rule, isForPort, isExpired }: RuleMatch, allowlist: Allowlist): string[] {
  const bearing = isExpired ? 'no, it has expired' : isForPort ? `yes, ${rule.effect}` : 'no, other ports';
  return [rule.text, portsOf(rule, allowlist), originOf(rule), bearing, rule.reason ?? ''];
}
