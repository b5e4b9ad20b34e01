import { openLog, readConfigFile, runProxy } from '@paude/proxy';
import { buildConfig, DEFAULTS } from '@paude/proxy/config';
import { Command } from 'commander';
import { collectWords } from '../allowlist-options.ts';
import { caDirectory } from '../ca-directory.ts';
import { clientHint } from '../client-hint.ts';
import { commandLineError } from '../command-line-error.ts';
import { formatDuration, parseCount, parseDuration } from '../duration.ts';
import { foregroundSignals } from '../foreground-signals.ts';
import type { Io } from '../io.ts';
import { mergeFlags, type ProxyFlags } from '../proxy-flags.ts';
import { ExitCode } from '../report-failure.ts';
import { wantsColour } from '../terminal.ts';

const EXAMPLES = `
Examples:
  paude proxy --allowed-domains default
  paude proxy --allowed-domains default --allowed-domains .example.com --log audit.jsonl
  paude proxy --allowlist allowlist.yaml --report-only
  paude proxy --listen :3128 --client 10.0.0.0/8 --config proxy.yaml

Point clients at it:
  curl --proxy http://127.0.0.1:3128 https://github.com
  export HTTPS_PROXY=http://127.0.0.1:3128 http_proxy=http://127.0.0.1:3128
`;

/** `paude proxy`: runs the egress proxy in the foreground. */
export function proxyCommand(io: Io): Command {
  const { timeouts, clientLimits } = DEFAULTS;
  return new Command('proxy')
    .description(
      'Run the egress proxy in the foreground. SIGHUP reads the allowlist again; SIGTERM drains and stops.',
    )
    .optionsGroup('What may be reached:')
    .option(
      '--allowed-domains <words>',
      'what may be reached: aliases and patterns, separated by commas (repeatable)',
      collectWords,
    )
    .option('--allowlist <file>', 'more rules, from a YAML or JSON file; read again when it changes')
    .option('--agent <name>', 'the agent whose hosts "default" includes')
    .option(
      '--allow-private <cidr>',
      'a private or special range that may be reached all the same (repeatable)',
      collectList,
    )
    .option('--report-only', 'block nothing, and say in the log what would be blocked')
    .optionsGroup('Where it listens, and for whom:')
    .option('--listen <host:port>', `where clients connect (default: ${DEFAULTS.listen})`)
    .option(
      '--admin <host:port>',
      `where health, metrics and the live view are served, or off (default: ${DEFAULTS.admin})`,
    )
    .option(
      '--admin-token-file <file>',
      'a token that opens the guarded admin pages to callers not on loopback',
    )
    .option(
      '--client <range>',
      'who may connect: an address, a range or a name (repeatable; default: everyone who can reach it)',
      collectList,
    )
    .option('--users-file <file>', 'ask clients for Basic proxy credentials: name:password a line')
    .optionsGroup('How targets are reached:')
    .option('--host <name=ip>', 'a static answer instead of DNS (repeatable)', collectList)
    .option('--dns <server>', 'a DNS server to ask (repeatable; default: the system’s)', collectList)
    .option('--upstream <url>', 'reach targets through another proxy: http://, https:// or socks5://')
    .optionsGroup('Credentials that clients do not hold (docs/credentials.md):')
    .option('--credentials <file>', 'credential routes, from a YAML or JSON file')
    .option(
      '--default-credentials',
      'the routes for well-known services, too, whose variables are set (default: with --credentials)',
    )
    .option('--no-default-credentials', 'the routes of the file alone')
    .option('--credential-state <dir>', 'where rotated refresh tokens are kept')
    .option(
      '--ca-dir <dir>',
      'the authority that signs for hosts with a route (default: ~/.local/state/paude/ca)',
    )
    .option('--upstream-ca <file>', 'more authorities to trust for hosts with a route, in PEM form')
    .optionsGroup('What is written down:')
    .option('--log <file|->', 'where the audit log goes (default: -, standard output)')
    .option(
      '--log-format <format>',
      'json, pretty or squid (default: pretty on a terminal, else json)',
      parseLogFormat,
    )
    .option('--blocked-log <file>', 'a file that gets one line for each refusal')
    .option('--session <name>', 'the session that audit events name')
    .optionsGroup('Limits:')
    .option(
      '--max-tunnels <count>',
      'tunnels at a time (default: 10000, or what the descriptor limit allows)',
      parseCount,
    )
    .option(
      '--client-rate <count>',
      `new requests a second from one client (default: ${clientLimits.requestsPerSecond})`,
      parseCount,
    )
    .option(
      '--client-connections <count>',
      `connections of one client (default: ${clientLimits.maxConnections})`,
      parseCount,
    )
    .optionsGroup('Times (500ms, 10s, 5m, 1h; a number alone is seconds):')
    .option(
      '--head-timeout <duration>',
      `for a request's head (default: ${formatDuration(timeouts.headMs)})`,
      parseDuration,
    )
    .option(
      '--dns-timeout <duration>',
      `for a lookup (default: ${formatDuration(timeouts.dnsMs)})`,
      parseDuration,
    )
    .option(
      '--connect-timeout <duration>',
      `to connect to a target (default: ${formatDuration(timeouts.connectMs)})`,
      parseDuration,
    )
    .option(
      '--handshake-timeout <duration>',
      `for a tunnel's ClientHello (default: ${formatDuration(timeouts.handshakeMs)})`,
      parseDuration,
    )
    .option(
      '--idle-timeout <duration>',
      `for a tunnel in which nothing moves (default: ${formatDuration(timeouts.idleMs)})`,
      parseDuration,
    )
    .option(
      '--drain-timeout <duration>',
      `for open tunnels at SIGTERM (default: ${formatDuration(timeouts.drainMs)})`,
      parseDuration,
    )
    .optionsGroup('Settings:')
    .option(
      '--config <file>',
      'settings from a YAML or JSON file; flags come before it, allowed domains add up',
    )
    .addHelpText('after', EXAMPLES)
    .action((flags: ProxyFlags) => run(flags, io));
}

async function run(flags: ProxyFlags, io: Io): Promise<void> {
  const { config: configFile } = flags;
  const read = async () =>
    mergeFlags(configFile === undefined ? {} : await readConfigFile(configFile), flags);
  const written = await read();
  const config = buildConfig({ ...written, caDir: caDirectory(written.caDir, io.env) });
  const toTerminal = config.log === '-' && io.stdout.isTTY === true;
  const log = openLog({
    target: config.log,
    format: config.logFormat ?? (toTerminal ? 'pretty' : 'json'),
    colour: config.log === '-' && wantsColour(io.stdout, io.env),
    complain: (text) => io.stderr.write(`warning: ${text}\n`),
  });
  const words = async () => (await read()).allowedDomains ?? [];
  try {
    const onListening = (doors: { listen: string; admin: string }) => {
      if (io.stderr.isTTY === true) io.stderr.write(clientHint(doors));
    };
    const code = await runProxy(config, {
      log,
      words,
      watchAlso: configFile,
      environment: io.env,
      signals: foregroundSignals(io),
      internals: io,
      onListening,
    });
    if (code !== 0) throw new ExitCode(code);
  } finally {
    await log.close();
  }
}

function parseLogFormat(text: string): 'json' | 'pretty' | 'squid' {
  if (text === 'json' || text === 'pretty' || text === 'squid') return text;
  throw commandLineError({
    action: 'use the log format',
    input: text,
    why: 'there is none of that name',
    remedy: 'Write json, pretty or squid',
  });
}

function collectList(value: string, before: readonly string[] = []): string[] {
  const items = value.split(',').map((item) => item.trim());
  return [...before, ...items.filter((item) => item !== '')];
}
