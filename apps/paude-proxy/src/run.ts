import { parseArgs } from 'node:util';
import { PaudeError } from '@paude/errors';
import { type InternalsSource, openLog, readConfigFile, runProxy } from '@paude/proxy';
import { buildConfig, DAEMON_DEFAULTS, environmentConfig, type WrittenConfig } from '@paude/proxy/config';
import { checkHealth } from './check-health.ts';

/** The parts of `process` that the daemon uses. */
export type DaemonProcess = Pick<NodeJS.Process, 'argv' | 'env' | 'stdout' | 'stderr' | 'on' | 'off'> &
  InternalsSource;

const HELP = `Usage: paude-proxy [--config FILE] [--allowlist FILE]
       paude-proxy healthcheck

Runs the egress proxy with settings from its environment (ALLOWED_DOMAINS, PAUDE_PROXY_LISTEN, …; see docs/proxy.md).
Settings in the environment come before those in the file; allowed domains add up. An empty allowlist denies everything.
`;

/** Runs the daemon until it is told to stop. Never rejects. @returns the exit code: 2 for a command line that is wrong. */
export async function run(daemon: DaemonProcess): Promise<number> {
  try {
    return await serve(daemon);
  } catch (error) {
    const isUsage =
      error instanceof TypeError && 'code' in error && /^ERR_PARSE_ARGS/.test(String(error.code));
    const isExpected = isUsage || error instanceof PaudeError;
    const text = error instanceof Error ? (isExpected ? error.message : error.stack) : String(error);
    daemon.stderr.write(`error: ${text}\n${isUsage ? HELP : ''}`);
    return isUsage ? 2 : 1;
  }
}

async function serve(daemon: DaemonProcess): Promise<number> {
  const { values, positionals } = parseArgs({
    args: daemon.argv.slice(2),
    options: {
      config: { type: 'string' },
      allowlist: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
    allowPositionals: true,
  });
  if (values.help === true) {
    daemon.stdout.write(HELP);
    return 0;
  }
  const configFile = values.config ?? (daemon.env.PAUDE_PROXY_CONFIG || undefined);
  const read = () => readSettings(daemon.env, configFile, values.allowlist);
  const [command, ...rest] = positionals;
  if (command === 'healthcheck' && rest.length === 0) return checkHealth(buildConfig(await read()));
  if (command !== undefined) {
    throw new PaudeError('command-unknown', {
      action: 'run the command',
      input: positionals.join(' '),
      why: 'the daemon has no such command',
      remedy: 'Leave it out to run the proxy, or write healthcheck',
    });
  }
  const config = buildConfig(await read());
  const log = openLog({
    target: config.log,
    format: config.logFormat ?? 'json',
    colour: false,
    complain: (text) => daemon.stderr.write(`warning: ${text}\n`),
  });
  try {
    const words = async () => (await read()).allowedDomains ?? [];
    return await runProxy(config, {
      log,
      words,
      watchAlso: configFile,
      environment: daemon.env,
      signals: daemon,
      internals: daemon,
    });
  } finally {
    await log.close();
  }
}

/** The environment over the file's settings, the words and the static hosts of both; asked again at every reload. */
async function readSettings(
  env: NodeJS.ProcessEnv,
  configFile: string | undefined,
  allowlist: string | undefined,
): Promise<WrittenConfig> {
  const file = configFile === undefined ? {} : await readConfigFile(configFile);
  const environment = environmentConfig(env);
  return {
    ...DAEMON_DEFAULTS,
    ...file,
    ...environment,
    ...(allowlist === undefined ? {} : { allowlist }),
    hosts: { ...file.hosts, ...environment.hosts },
    allowedDomains: [...(file.allowedDomains ?? []), ...(environment.allowedDomains ?? [])],
  };
}
