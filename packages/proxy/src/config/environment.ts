import { splitWords } from '@paude/allowlist';
import { configError, type WrittenConfig } from './schema.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the daemon of the image listens when nobody says otherwise: on all addresses, for clients in other containers. */
export const DAEMON_DEFAULTS = {
  listen: ':3128',
  admin: ':9128',
  defaultCredentials: true,
  caDir: '/var/lib/paude/ca',
} as const satisfies WrittenConfig;

/** Variables that hold one text, and the key they stand for. */
const TEXTS = {
  PAUDE_PROXY_LISTEN: 'listen',
  PAUDE_PROXY_ADMIN: 'admin',
  PAUDE_PROXY_ADMIN_TOKEN_FILE: 'adminTokenFile',
  PAUDE_PROXY_ALLOWLIST: 'allowlist',
  PAUDE_PROXY_UPSTREAM: 'upstream',
  PAUDE_PROXY_UPSTREAM_PASSWORD_FILE: 'upstreamPasswordFile',
  PAUDE_PROXY_USERS_FILE: 'usersFile',
  PAUDE_PROXY_SESSION: 'session',
  PAUDE_PROXY_LOG: 'log',
  PAUDE_AGENT: 'agent',
  BLOCKED_LOG_PATH: 'blockedLog',
  PAUDE_PROXY_CREDENTIALS_CONFIG: 'credentials',
  PAUDE_PROXY_CREDENTIAL_STATE: 'credentialState',
  PAUDE_PROXY_CA_DIR: 'caDir',
  PAUDE_PROXY_UPSTREAM_CA: 'upstreamCa',
} as const satisfies Record<string, keyof WrittenConfig>;

/** Variables that hold a list with commas. */
const LISTS = {
  PAUDE_PROXY_ALLOWED_CLIENTS: 'clients',
  PAUDE_PROXY_ALLOW_PRIVATE: 'allowPrivate',
  PAUDE_PROXY_DNS: 'dns',
} as const satisfies Record<string, keyof WrittenConfig>;

/**
 * The configuration that the environment of the daemon's container gives. A variable that is empty counts as not set.
 *
 * @throws PaudeError `config-invalid`, with the variable's name.
 */
export function environmentConfig(environment: Environment): WrittenConfig {
  const value = (name: string): string | undefined =>
    environment[name] === '' ? undefined : environment[name];
  const config: { -readonly [Key in keyof WrittenConfig]: WrittenConfig[Key] } = {};
  for (const [name, key] of Object.entries(TEXTS)) {
    const text = value(name);
    if (text !== undefined) config[key] = text;
  }
  for (const [name, key] of Object.entries(LISTS)) {
    const text = value(name);
    if (text !== undefined) config[key] = splitList(text);
  }
  const words = value('ALLOWED_DOMAINS');
  if (words !== undefined) config.allowedDomains = splitWords(words);
  const ports = value('ALLOWED_OTEL_PORTS');
  if (ports !== undefined)
    config.extraPorts = splitList(ports).map((port) => parsePort('ALLOWED_OTEL_PORTS', port));
  const hosts = value('PAUDE_PROXY_HOSTS');
  if (hosts !== undefined) config.hosts = parseHostPairs(splitList(hosts), 'PAUDE_PROXY_HOSTS');
  const reportOnly = value('PAUDE_PROXY_REPORT_ONLY');
  if (reportOnly !== undefined) config.reportOnly = parseSwitch('PAUDE_PROXY_REPORT_ONLY', reportOnly);
  const defaults = value('PAUDE_PROXY_DEFAULT_CREDENTIALS');
  if (defaults !== undefined)
    config.defaultCredentials = parseSwitch('PAUDE_PROXY_DEFAULT_CREDENTIALS', defaults);
  const format = value('PAUDE_PROXY_LOG_FORMAT');
  if (format === 'json' || format === 'pretty' || format === 'squid') config.logFormat = format;
  else if (format !== undefined)
    throw configError(`PAUDE_PROXY_LOG_FORMAT=${format}`, 'it is no log format', 'Use json, pretty or squid');
  return config;
}

/** `NAME=ADDRESS` pairs as a table; a name may stand several times. */
export function parseHostPairs(pairs: readonly string[], where: string): Record<string, string[]> {
  const hosts: Record<string, string[]> = Object.create(null);
  for (const pair of pairs) {
    const [name = '', address = '', ...rest] = pair.split('=');
    if (name === '' || address === '' || rest.length > 0) {
      throw configError(
        `${where} ${pair}`,
        'it is not NAME=ADDRESS',
        'Write it as in api.example.com=192.0.2.7',
      );
    }
    hosts[name] = [...(hosts[name] ?? []), address];
  }
  return hosts;
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function parsePort(name: string, text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw configError(
    `${name}=${text}`,
    'it is not a port (a number from 1 to 65535)',
    'Write ports with commas, as in 4317,4318',
  );
}

function parseSwitch(name: string, text: string): boolean {
  if (/^(1|true|yes|on)$/i.test(text)) return true;
  if (/^(0|false|no|off)$/i.test(text)) return false;
  throw configError(`${name}=${text}`, 'it is neither on nor off', 'Write 1 or 0');
}
