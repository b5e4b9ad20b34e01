import { Command, Option } from 'commander';
import { outputOption } from '../allowlist-options.ts';
import type { Io } from '../io.ts';
import type { CreateFlags } from '../session/create-session.ts';
import { openLazily } from '../session/open-lazily.ts';
import { backendOption, collect } from '../session/session-options.ts';
import type { OpenSessions } from '../session/sessions.ts';

const EXAMPLES = `
Examples:
  paude create --git
  paude create my-project --agent codex --allowed-domains default --allowed-domains .example.com
  paude create --yolo --dry-run

What is not given comes from paude.json, devcontainer.json, your own config.json and what is built in: paude config show.
`;

/** Adds the flags that settings are made from. */
export function withSettings(command: Command): Command {
  return command
    .option('--agent <name>', 'claude, codex, cursor, gemini, opencode, openclaw or shell')
    .option(
      '--allowed-domains <words>',
      'what may be reached: aliases and patterns, separated by commas (repeatable; default: default)',
      collect,
    )
    .addOption(new Option('--allow-network', 'deprecated: --allowed-domains all').hideHelp())
    .option('--yolo', 'the agent acts without asking')
    .option('--git', 'push the code of this repository to it')
    .option('--no-git', 'push no code, whatever the settings say')
    .addOption(backendOption('what runs it (default: podman where it is installed)'))
    .option('--image <image>', 'the image of the session, used as it is')
    .option('--base <image>', 'the image that its image is built on')
    .option('--proxy-image <image>', 'the image of its proxy')
    .option('--env <name[=value]>', 'a variable of the session; never a secret (repeatable)', collect)
    .option('--cpus <number>', 'cores that it may use (default: 4)')
    .option('--memory <size>', 'memory that it may use, as in 8g (default: 8g)')
    .option('--pids <number>', 'processes that it may have (default: 4096)')
    .option('--credentials <file>', 'more credential routes, from a YAML or JSON file')
    .option('--upstream <url>', 'reach targets through another proxy: http://, https:// or socks5://')
    .option(
      '--allow-private <cidr>',
      'a private range that may be reached all the same (repeatable)',
      collect,
    )
    .option('--host <name=ip>', 'a static answer of the proxy instead of DNS (repeatable)', collect)
    .option('--dns <server>', 'a DNS server for the proxy to ask (repeatable)', collect);
}

/** `paude create`: makes a session. */
export function createCommand(io: Io, open: OpenSessions = openLazily): Command {
  const command = new Command('create')
    .argument('[name]', 'its name (default: that of the directory)')
    .description('Make a session: an agent in a container that reaches only what the allowlist allows.');
  return withSettings(command)
    .option('--no-default-credentials', 'give its proxy no credentials of well-known services')
    .option('--dry-run', 'say what would be made, and make nothing')
    .addOption(outputOption())
    .addHelpText('after', EXAMPLES)
    .action(async (name: string | undefined, flags: CreateFlags) => {
      const { createSession } = await import('../session/create-session.ts');
      await createSession(name, flags, { sessions: await open(io), io });
    });
}
