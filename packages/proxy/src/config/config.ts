import { type Cidr, type Host, parseCidr, parseHost } from '@paude/allowlist';
import { PaudeError } from '@paude/errors';
import type { ClientLimits } from '../engine/admission.ts';
import type { Limits, Timeouts } from '../engine/context.ts';
import type { ListenAddress } from '../engine/listener.ts';
import { parseAuthority } from '../engine/target.ts';
import type { WrittenConfig } from './schema.ts';

export type LogFormat = 'json' | 'pretty' | 'squid';

/** Who may connect: address ranges, and names whose addresses are looked up again and again. */
export interface AllowedClients {
  readonly networks: readonly Cidr[];
  readonly names: readonly Host[];
}

/** Which credentials go on requests, and what that takes. */
export interface CredentialConfig {
  /** A file with credential routes. */
  readonly file: string | undefined;
  /** Whether the routes of the default table are there, too, as far as their variables are set. */
  readonly defaults: boolean;
  /** Where rotated refresh tokens are kept. */
  readonly stateDirectory: string | undefined;
  /** The directory of the certificate authority. */
  readonly caDirectory: string | undefined;
  /** A file with authorities that targets with a route may have their certificates from, besides the usual ones. */
  readonly upstreamCaFile: string | undefined;
}

/** A configuration that can be used: everything parsed, every default filled in. */
export interface ProxyConfig {
  readonly listen: ListenAddress;
  /** Undefined when there is no admin server. */
  readonly admin: ListenAddress | undefined;
  readonly adminTokenFile: string | undefined;
  /** Words of the allowlist; the file's rules follow them. */
  readonly words: readonly string[];
  readonly allowlistFile: string | undefined;
  readonly agent: string | undefined;
  readonly extraPorts: readonly number[];
  readonly reportOnly: boolean;
  readonly allowPrivate: readonly Cidr[];
  readonly hosts: ReadonlyMap<Host, readonly Host[]>;
  readonly dns: readonly string[];
  readonly upstream: URL | undefined;
  readonly upstreamPasswordFile: string | undefined;
  /** Who may connect; undefined lets everyone. */
  readonly clients: AllowedClients | undefined;
  readonly usersFile: string | undefined;
  readonly session: string | undefined;
  /** A path, or `-` for standard output. */
  readonly log: string;
  /** Undefined: pretty on a terminal, else JSON. */
  readonly logFormat: LogFormat | undefined;
  readonly blockedLog: string | undefined;
  readonly credentials: CredentialConfig;
  /** `maxTunnels` undefined: what the descriptor limit allows. */
  readonly limits: Omit<Limits, 'maxTunnels'> & { readonly maxTunnels: number | undefined };
  readonly clientLimits: ClientLimits;
  readonly timeouts: Timeouts;
}

/** Defaults that are no secret of one file: `--help` and the docs name them too. */
export const DEFAULTS = {
  listen: '127.0.0.1:3128',
  admin: '127.0.0.1:9128',
  limits: { maxHeaderBytes: 16_384, maxClientHelloBytes: 16_384 },
  clientLimits: { maxConnections: 1024, requestsPerSecond: 1000, requestBurst: 2000 },
  timeouts: {
    headMs: 15_000,
    dnsMs: 5000,
    connectMs: 10_000,
    handshakeMs: 15_000,
    idleMs: 3_600_000,
    drainMs: 10_000,
  },
} as const;

/**
 * Turns a written configuration into one that can be used.
 *
 * @throws PaudeError `listen-invalid`, `cidr-invalid`, `host-invalid`, `dns-server-invalid` or `upstream-invalid`.
 */
export function buildConfig(written: WrittenConfig): ProxyConfig {
  const { limits = {}, timeouts = {} } = written;
  return {
    listen: parseListen(written.listen ?? DEFAULTS.listen),
    admin: written.admin === 'off' ? undefined : parseListen(written.admin ?? DEFAULTS.admin),
    adminTokenFile: written.adminTokenFile,
    words: written.allowedDomains ?? [],
    allowlistFile: written.allowlist,
    agent: written.agent,
    extraPorts: written.extraPorts ?? [],
    reportOnly: written.reportOnly ?? false,
    allowPrivate: (written.allowPrivate ?? []).map(parseCidr),
    hosts: parseHosts(written.hosts ?? {}),
    dns: (written.dns ?? []).map(parseDnsServer),
    upstream: written.upstream === undefined ? undefined : parseUpstream(written.upstream),
    upstreamPasswordFile: written.upstreamPasswordFile,
    clients: written.clients === undefined ? undefined : parseClients(written.clients),
    usersFile: written.usersFile,
    session: written.session,
    log: written.log ?? '-',
    logFormat: written.logFormat,
    blockedLog: written.blockedLog,
    credentials: {
      file: written.credentials,
      defaults: written.defaultCredentials ?? written.credentials !== undefined,
      stateDirectory: written.credentialState,
      caDirectory: written.caDir,
      upstreamCaFile: written.upstreamCa,
    },
    limits: {
      maxTunnels: limits.maxTunnels,
      maxHeaderBytes: limits.maxHeaderBytes ?? DEFAULTS.limits.maxHeaderBytes,
      maxClientHelloBytes: limits.maxClientHelloBytes ?? DEFAULTS.limits.maxClientHelloBytes,
    },
    clientLimits: {
      maxConnections: limits.maxConnectionsPerClient ?? DEFAULTS.clientLimits.maxConnections,
      requestsPerSecond: limits.requestsPerSecondPerClient ?? DEFAULTS.clientLimits.requestsPerSecond,
      requestBurst: limits.requestBurstPerClient ?? DEFAULTS.clientLimits.requestBurst,
    },
    timeouts: {
      headMs: timeouts.headMs ?? DEFAULTS.timeouts.headMs,
      dnsMs: timeouts.dnsMs ?? DEFAULTS.timeouts.dnsMs,
      connectMs: timeouts.connectMs ?? DEFAULTS.timeouts.connectMs,
      handshakeMs: timeouts.handshakeMs ?? DEFAULTS.timeouts.handshakeMs,
      idleMs: timeouts.idleMs ?? DEFAULTS.timeouts.idleMs,
      drainMs: timeouts.drainMs ?? DEFAULTS.timeouts.drainMs,
    },
  };
}

/** `HOST:PORT`, `:PORT` for all addresses, or `unix:PATH`. Port 0 lets the system choose. */
export function parseListen(text: string): ListenAddress {
  if (text.startsWith('unix:') && text.length > 5) return { path: text.slice(5) };
  const all = /^(?:\*)?:(\d{1,5})$/.exec(text)?.[1];
  const anyPort = /:0$/.test(text);
  const target = all === undefined ? parseAuthority(anyPort ? text.replace(/0$/, '1') : text) : undefined;
  if (target !== undefined && 'host' in target) return { host: target.host, port: anyPort ? 0 : target.port };
  if (all !== undefined && Number(all) <= 65_535) return { port: Number(all) };
  throw new PaudeError('listen-invalid', {
    action: 'listen on',
    input: text,
    why: target === undefined ? 'the port is not a number up to 65535' : target.why,
    remedy: 'Write HOST:PORT as in 127.0.0.1:3128, :3128 for all addresses, or unix:/run/paude/proxy.sock',
  });
}

function parseClients(written: readonly string[]): AllowedClients {
  // What begins like an address is read as one, so that a slip in it is not taken for a name.
  const isName = (text: string) => /^[a-z]/i.test(text) && !text.includes(':') && !text.includes('/');
  return {
    networks: written.filter((text) => !isName(text)).map(parseCidr),
    names: written.filter(isName).map(parseHost),
  };
}

function parseHosts(
  written: Readonly<Record<string, string | readonly string[]>>,
): Map<Host, readonly Host[]> {
  const hosts = new Map<Host, readonly Host[]>();
  for (const [name, addresses] of Object.entries(written)) {
    hosts.set(parseHost(name), [addresses].flat().map(parseAddressHost));
  }
  return hosts;
}

function parseAddressHost(text: string): Host {
  // A lone address is the range of that one address: the same reader, the same messages.
  const cidr = parseCidr(text);
  if (!text.includes('/')) return parseHost(cidr.text.replace(/\/\d+$/, ''));
  throw new PaudeError('host-invalid', {
    action: 'use the static address',
    input: text,
    why: 'it is a range',
    remedy: 'Write one IP address, as in --host api.example.com=192.0.2.7',
  });
}

function parseDnsServer(text: string): string {
  const address = text.startsWith('[') || !/^[0-9a-f]*:[0-9a-f:]*$/i.test(text) ? text : `[${text}]`;
  const target = parseAuthority(address, 53);
  if ('host' in target && (target.host.includes(':') || /^\d/.test(target.host))) {
    const { host, port } = target;
    return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  }
  throw new PaudeError('dns-server-invalid', {
    action: 'use the DNS server',
    input: text,
    why: 'it is not an IP address, with or without a port',
    remedy: 'Write it as in 192.0.2.53 or 192.0.2.53:5353',
  });
}

const UPSTREAM_SCHEMES = new Set(['http:', 'https:', 'socks5:']);

function parseUpstream(text: string): URL {
  const url = URL.parse(text);
  const shown = text.replace(/\/\/[^@/]*@/, '//***@');
  if (url === null || !UPSTREAM_SCHEMES.has(url.protocol) || url.hostname === '') {
    throw new PaudeError('upstream-invalid', {
      action: 'use the upstream proxy',
      input: shown,
      why: 'it is not an http, https or socks5 URL',
      remedy: 'Write it as in http://proxy.example.com:8080',
    });
  }
  if ((url.pathname !== '' && url.pathname !== '/') || url.search !== '' || url.hash !== '') {
    throw new PaudeError('upstream-invalid', {
      action: 'use the upstream proxy',
      input: shown,
      why: 'it has a path, a query or a fragment',
      remedy: `Write ${url.protocol}//${url.host}`,
    });
  }
  return url;
}
