import { PaudeError } from '@paude/errors';
import { parseHostPairs, type WrittenConfig } from '@paude/proxy/config';

/** The flags of `paude proxy`, as commander hands them over. */
export interface ProxyFlags {
  readonly config?: string;
  readonly listen?: string;
  readonly admin?: string;
  readonly adminTokenFile?: string;
  readonly allowedDomains?: readonly string[];
  readonly allowlist?: string;
  readonly agent?: string;
  readonly reportOnly?: boolean;
  readonly allowPrivate?: readonly string[];
  readonly host?: readonly string[];
  readonly dns?: readonly string[];
  readonly upstream?: string;
  readonly client?: readonly string[];
  readonly usersFile?: string;
  readonly session?: string;
  readonly log?: string;
  readonly logFormat?: 'json' | 'pretty' | 'squid';
  readonly blockedLog?: string;
  readonly credentials?: string;
  readonly defaultCredentials?: boolean;
  readonly credentialState?: string;
  readonly caDir?: string;
  readonly upstreamCa?: string;
  readonly maxTunnels?: number;
  readonly clientRate?: number;
  readonly clientConnections?: number;
  readonly headTimeout?: number;
  readonly dnsTimeout?: number;
  readonly connectTimeout?: number;
  readonly handshakeTimeout?: number;
  readonly idleTimeout?: number;
  readonly drainTimeout?: number;
}

/**
 * The flags over the settings of a file. What a flag says replaces what the file says under that key; allowed domains and
 * static hosts of both count.
 *
 * @throws PaudeError `config-invalid` for a `--host` that is not NAME=ADDRESS, `secret-in-arguments`.
 */
export function mergeFlags(file: WrittenConfig, flags: ProxyFlags): WrittenConfig {
  refuseSecretInArguments(flags.upstream);
  const { config, host, client, allowedDomains, ...rest } = flags;
  const { maxTunnels, clientRate, clientConnections, ...others } = rest;
  const { headTimeout, dnsTimeout, connectTimeout, handshakeTimeout, idleTimeout, drainTimeout, ...same } =
    others;
  const timeouts = {
    headMs: headTimeout,
    dnsMs: dnsTimeout,
    connectMs: connectTimeout,
    handshakeMs: handshakeTimeout,
    idleMs: idleTimeout,
    drainMs: drainTimeout,
  };
  const limits = {
    maxTunnels,
    requestsPerSecondPerClient: clientRate,
    requestBurstPerClient: clientRate === undefined ? undefined : clientRate * 2,
    maxConnectionsPerClient: clientConnections,
  };
  return {
    ...file,
    ...(same as WrittenConfig),
    ...(client === undefined ? {} : { clients: [...client] }),
    ...(host === undefined ? {} : { hosts: { ...file.hosts, ...parseHostPairs(host, '--host') } }),
    allowedDomains: [...(file.allowedDomains ?? []), ...(allowedDomains ?? [])],
    limits: { ...file.limits, ...defined(limits) },
    timeouts: { ...file.timeouts, ...defined(timeouts) },
  };
}

function defined<Value extends object>(values: Value): { [Key in keyof Value]?: NonNullable<Value[Key]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Value]?: NonNullable<Value[Key]>;
  };
}

function refuseSecretInArguments(upstream: string | undefined): void {
  if (upstream === undefined || !/\/\/[^@/]*:[^@/]+@/.test(upstream)) return;
  throw new PaudeError('secret-in-arguments', {
    action: 'use the upstream proxy',
    input: upstream.replace(/\/\/[^@/]*@/, '//***@'),
    why: 'every user of this machine can read a password that stands on the command line',
    remedy: 'Write upstream and upstreamPasswordFile in a file, and name it with --config',
  });
}
