import { PaudeError } from '@paude/errors';
import { Command, Option } from 'commander';
import type { Io } from '../io.ts';
import { ExitCode, reportFailure } from '../report-failure.ts';
import type { RunFlags } from '../run/run-flags.ts';

const EXAMPLES = `
Examples:
  paude run --allowed-domains default -- npx some-agent
  paude run --allowed-domains github -- git clone https://github.com/octocat/Hello-World.git
  paude run --report-only --save allowlist.yaml -- npm test
  paude run --ask --allowed-domains default --write ~/.claude -- claude

The command starts in the working directory, which it may write to, and reaches the network only through the proxy.
Its exit code is that of the run; 128 and the number of the signal when one ended it.
`;

/** `paude run`: runs a command in a sandbox whose only way out is the proxy. */
export function runCommand(io: Io): Command {
  return new Command('run')
    .argument('<command...>', 'the command and its arguments, behind --')
    .description('Run a command in a sandbox on this machine that reaches only what the allowlist allows.')
    .passThroughOptions()
    .optionsGroup('What may be reached:')
    .option(
      '--allowed-domains <words>',
      'what may be reached: aliases and patterns, separated by commas (repeatable)',
      // Split where the rest of the allowlist is read: its code takes time to load.
      collect,
    )
    .option('--allowlist <file>', 'more rules, from a YAML or JSON file; read again when it changes')
    .option('--agent <name>', 'the agent whose hosts "default" includes')
    .option('--ask', 'offer what is blocked at the terminal: once, for this run, save to paude.json, no')
    .option('--report-only', 'block nothing, and say at the end what would have been blocked')
    .option('--save <file>', 'write the allowlist that this run needed')
    .option('--trust-project', 'use a paude.json that has changed since the last run')
    .optionsGroup('What the command sees of this machine:')
    .option('--read <path>', 'show it, although it would be hidden (repeatable)', collect)
    .option('--write <path>', 'let the command write to it, too (repeatable)', collect)
    .option('--hide <path>', 'hide it, too (repeatable)', collect)
    .option('--env <name[=value]>', 'pass a variable, or set one (repeatable)', collect)
    .option('--no-sandbox-fs', 'leave the file system as it is: only the network is closed')
    .addOption(
      new Option('--sandbox <maker>', 'what makes the sandbox (default: bubblewrap where installed)').choices(
        ['bubblewrap', 'unshare'],
      ),
    )
    .optionsGroup('How targets are reached:')
    .option(
      '--allow-private <cidr>',
      'a private range that may be reached all the same (repeatable)',
      collectList,
    )
    .option('--host <name=ip>', 'a static answer instead of DNS (repeatable)', collectList)
    .option('--dns <server>', 'a DNS server to ask (repeatable; default: the system’s)', collectList)
    .option('--upstream <url>', 'reach targets through another proxy: http://, https:// or socks5://')
    .option('--config <file>', 'more settings of the proxy, from a YAML or JSON file')
    .optionsGroup('Credentials that the command does not hold (docs/credentials.md):')
    .option('--credentials <file>', 'credential routes, from a YAML or JSON file')
    .option('--no-default-credentials', 'no routes for well-known services whose variables are set')
    .option('--credential-state <dir>', 'where rotated refresh tokens are kept')
    .option('--upstream-ca <file>', 'more authorities to trust for hosts with a route, in PEM form')
    .optionsGroup('What is told:')
    .option('--log <file>', 'an audit log, in JSON')
    .addOption(new Option('--log-format <format>', 'its form').choices(['json', 'pretty', 'squid']))
    .option('--quiet', 'say nothing of what is blocked')
    .addOption(
      new Option('-o, --output <format>', 'json: a summary at the end, one line on standard error')
        .choices(['text', 'json'])
        .default('text'),
    )
    .addHelpText('after', EXAMPLES)
    .action(async (words: string[], flags: RunFlags) => {
      const { runInSandbox } = await import('../run/run-in-sandbox.ts');
      const code = await runInSandbox(words, flags, io).catch((error: unknown) => missingAs127(error, io));
      if (code !== 0) throw new ExitCode(code);
    });
}

/** As a shell has it, which scripts look at. */
function missingAs127(error: unknown, io: Io): number {
  if (!(error instanceof PaudeError) || error.code !== 'command-missing') throw error;
  reportFailure(error, io);
  return 127;
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

function collectList(value: string, before: readonly string[] = []): string[] {
  const items = value.split(',').map((item) => item.trim());
  return [...before, ...items.filter((item) => item !== '')];
}
