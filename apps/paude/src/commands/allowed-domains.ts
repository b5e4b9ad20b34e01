import { Command } from 'commander';
import { type OutputFormat, outputOption } from '../allowlist-options.ts';
import { commandLineError } from '../command-line-error.ts';
import type { Io } from '../io.ts';
import { openLazily } from '../session/open-lazily.ts';
import { type BackendFlag, collect, json, withSession } from '../session/session-options.ts';
import type { OpenSessions } from '../session/sessions.ts';

interface AllowedDomainsFlags extends BackendFlag {
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
  readonly replace?: readonly string[];
  readonly output: OutputFormat;
}

const EXAMPLES = `
Examples:
  paude allowed-domains my-project
  paude allowed-domains my-project --add api.example.com --add python
  paude allowed-domains my-project --remove api.example.com
  paude allowed-domains my-project --replace default,.example.com

A change is in force within seconds, without a restart; a connection that is not allowed any more is cut.
`;

/** `paude allowed-domains`: what a session may reach, and changes of it. */
export function allowedDomainsCommand(io: Io, open: OpenSessions = openLazily): Command {
  return withSession(new Command('allowed-domains'))
    .description('Show or change what a session may reach.')
    .option('--add <words>', 'allow these, too (repeatable)', collect)
    .option('--remove <words>', 'take these away, as they were written (repeatable)', collect)
    .option('--replace <words>', 'allow these and nothing else (repeatable)', collect)
    .addOption(outputOption())
    .addHelpText('after', EXAMPLES)
    .action(async (name: string | undefined, flags: AllowedDomainsFlags) => {
      const { backend, add, remove, replace, output } = flags;
      if (replace !== undefined && (add ?? remove) !== undefined)
        throw commandLineError({
          action: 'change the allowed domains',
          why: '--replace says all of them already',
          remedy: 'Leave --add and --remove out, or --replace',
        });
      const [{ findSession }, { changedWords }] = await Promise.all([
        import('../session/find-session.ts'),
        import('../session/changed-words.ts'),
      ]);
      const action = 'change the allowed domains of the session';
      const found = await findSession(await open(io), { name, backend }, { action, io });
      const before = await found.backend.allowedDomains(found.name);
      const isChange = (add ?? remove ?? replace) !== undefined;
      const words = isChange ? changedWords(before, { add, remove, replace }) : before;
      if (isChange) await found.backend.setAllowedDomains(found.name, words);
      if (output === 'json') io.stdout.write(json({ name: found.name, allowedDomains: words }));
      else io.stdout.write(words.length === 0 ? 'Nothing is allowed.\n' : `${words.join('\n')}\n`);
    });
}
