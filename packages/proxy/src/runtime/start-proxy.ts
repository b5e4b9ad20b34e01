import { tryParseHost } from '@paude/allowlist';
import type { Environment } from '@paude/credentials';
import { PaudeError } from '@paude/errors';
import type { Registry } from 'prom-client';
import { AdminServer } from '../admin/admin-server.ts';
import type { ProxyConfig } from '../config/config.ts';
import type { upstreamConnector } from '../dial/upstream.ts';
import { Engine } from '../engine/engine.ts';
import type { ListenAddress } from '../engine/listener.ts';
import { OwnAddresses } from '../engine/own-addresses.ts';
import type { InternalsSource } from '../relay/node-handles.ts';
import { openTransport } from '../relay/open-transport.ts';
import type { Transport } from '../relay/transport.ts';
import { BlockedTargets } from '../report/blocked.ts';
import type { ProxyLog } from '../report/log.ts';
import { checkLogFile } from '../report/log-destination.ts';
import { openBlockedLog } from './blocked-log.ts';
import { followClientNames } from './client-names.ts';
import { CredentialKeeper } from './credential-keeper.ts';
import { defaultMaxTunnels } from './descriptor-limit.ts';
import { PolicyKeeper } from './policy-keeper.ts';
import { PolicySource } from './policy-source.ts';
import { readSecret, readUsers } from './secrets.ts';

export interface StartOptions {
  readonly log: ProxyLog;
  /** Asked for the words at every reload. @default the words of the configuration */
  readonly words?: () => Promise<readonly string[]>;
  /** A file besides the allowlist whose change calls for a reload: the configuration. */
  readonly watchAlso?: string | undefined;
  /** Where tunnels find Node's own handles. @default nowhere: they run on sockets of `net`, at half the rate */
  readonly internals?: InternalsSource;
  /** The variables that hold secrets. @default none */
  readonly environment?: Environment;
  /**
   * A TCP handle of Node that is bound already, perhaps in another network namespace: listened on instead of what the
   * configuration says.
   */
  readonly door?: object;
  /** Asked before a target is refused that a further rule would allow. @default nobody is */
  readonly consider?: (host: string, port: number) => Promise<void>;
}

/** A proxy that runs. */
export interface RunningProxy {
  /** Where it listens, `host:port` or a path. */
  readonly listen: string;
  /** Where its admin server listens, or `off`. */
  readonly admin: string;
  readonly engine: Engine;
  /** What its tunnels run on. */
  readonly transport: Transport['name'];
  /** Reads the allowlist again. Never rejects. */
  reload(): Promise<void>;
  /** Opens log files again, after a rotation; the audit log is the caller's. */
  reopenLogs(): void;
  /** Drains and stops. @returns whether everything open ended by itself in time. */
  close(): Promise<boolean>;
}

/**
 * Starts a proxy from its configuration: reads the allowlist and the secrets, listens, keeps the allowlist fresh.
 *
 * @throws PaudeError for everything that is wrong with the configuration, and `listen-failed`.
 */
export async function startProxy(config: ProxyConfig, options: StartOptions): Promise<RunningProxy> {
  const { log } = options;
  const { logger } = log;
  const source = new PolicySource({
    words: options.words ?? (() => Promise.resolve(config.words)),
    file: config.allowlistFile,
    agent: config.agent,
    extraPorts: config.extraPorts,
  });
  const policy = await source.load(undefined);
  if (policy === undefined) throw new Error('the first load always gives a policy');
  if (config.blockedLog !== undefined) checkLogFile(config.blockedLog);
  const upstream = await upstreamOf(config);
  const token = config.adminTokenFile === undefined ? undefined : await readSecret(config.adminTokenFile);
  const transport = await openTransport(options.internals);
  const credentials = await CredentialKeeper.open(config.credentials, {
    environment: options.environment ?? {},
    network: config,
    connector: upstream,
    logger,
  });
  const engine = new Engine({
    policy,
    transport,
    log: logger,
    timeouts: config.timeouts,
    limits: { ...config.limits, maxTunnels: config.limits.maxTunnels ?? defaultMaxTunnels() },
    admission: {
      clients: config.clients?.networks,
      users: config.usersFile === undefined ? undefined : await readUsers(config.usersFile),
      limits: config.clientLimits,
    },
    allowPrivate: config.allowPrivate,
    resolver: { servers: config.dns, hosts: config.hosts },
    reportOnly: config.reportOnly,
    interceptor: credentials?.interceptor,
    session: config.session,
    consider: options.consider,
    ...(upstream === undefined ? {} : { connector: upstream }),
    onDefect: (error) =>
      logger.error({ event: 'defect', err: error }, 'A connection met a defect of the proxy'),
  });
  credentials?.start(engine);
  log.onWriteError(() => engine.counters.auditWriteErrors++);
  const unfollow =
    config.clients === undefined || config.clients.names.length === 0
      ? undefined
      : await followClientNames(config.clients, {
          onNetworks: (networks) => engine.setClients(networks),
          onMissing: (names) => {
            if (names.length === 0) return;
            logger.warn(
              { event: 'warning', warning: 'client-without-address', names },
              `Nobody can connect as ${names.join(', ')}: no such name has an address now. It is looked up again`,
            );
          },
        });
  const blocked = new BlockedTargets();
  engine.audit.subscribe((event) => blocked.add(event));
  const blockedLog = config.blockedLog === undefined ? undefined : openBlockedLog(config.blockedLog, engine);
  const keeper = new PolicyKeeper(source, policy, {
    changed: (next) => {
      engine.counters.policyReloads++;
      const cut = engine.setPolicy(next);
      const rules = next.allowlist.rules.length;
      logger.info(
        { event: 'policy-changed', rules, tunnelsCut: cut },
        `New allowlist in force: ${rules} rules, ${cut} tunnels cut`,
      );
      credentials?.warn(next);
    },
    failed: (error) => {
      engine.counters.policyReloadFailures++;
      logger.error(
        { event: 'policy-reload-failed', code: error.code, error: error.message },
        `The allowlist before stays in force. ${error.message}`,
      );
    },
  });
  const admin = new AdminServer({
    engine,
    metrics: metricsOf(engine),
    blocked,
    token,
    policyStatus: () => ({
      sources: source.sources,
      loadedMs: keeper.loadedMs,
      lastFailure: keeper.lastFailure,
    }),
  });
  const stop = async (drainMs: number) => {
    keeper.stop();
    unfollow?.();
    const drained = await engine.close(drainMs);
    admin.close();
    upstream?.close();
    credentials?.close();
    await blockedLog?.close();
    return drained;
  };
  let listen: string;
  let adminListen = 'off';
  try {
    listen = await listening(listenAddress(config, options), (address) => engine.listen(address));
    if (options.door === undefined) refuseItselfAsUpstream(config.upstream, listen);
    if (config.admin !== undefined)
      adminListen = await listening(config.admin, (address) => admin.listen(address));
  } catch (error) {
    await stop(0);
    throw error;
  }
  if (config.allowlistFile !== undefined) keeper.watch(config.allowlistFile);
  if (options.watchAlso !== undefined) keeper.watch(options.watchAlso);
  return {
    listen,
    admin: adminListen,
    engine,
    transport: transport.name,
    reload: async () => {
      await keeper.reload();
      await credentials?.reload();
    },
    reopenLogs: () => blockedLog?.reopen(),
    close: () => stop(config.timeouts.drainMs),
  };
}

/** prom-client costs 18 MB of memory: it is loaded when somebody asks for metrics, not before. */
function metricsOf(engine: Engine): () => Promise<Registry> {
  let metrics: Promise<Registry> | undefined;
  return () => {
    metrics ??= import('../report/metrics.ts').then(({ createMetrics }) => createMetrics(engine));
    return metrics;
  };
}

async function upstreamOf(config: ProxyConfig): Promise<ReturnType<typeof upstreamConnector> | undefined> {
  if (config.upstream === undefined) return undefined;
  const url = new URL(config.upstream);
  if (config.upstreamPasswordFile !== undefined)
    url.password = encodeURIComponent(await readSecret(config.upstreamPasswordFile));
  // Loaded only where there is an upstream proxy: proxy-chain costs 26 MB of memory.
  const { upstreamConnector } = await import('../dial/upstream.ts');
  return upstreamConnector({ url });
}

/** A proxy that is its own upstream would pass each request to itself until it has no connection left. */
function refuseItselfAsUpstream(upstream: URL | undefined, listen: string): void {
  if (upstream === undefined) return;
  const { hostname, port } = upstream;
  const host = tryParseHost(hostname === 'localhost' ? '127.0.0.1' : hostname.replace(/^\[|\]$/g, ''));
  const own = new OwnAddresses();
  own.add(Number(/:(\d+)$/.exec(listen)?.[1]));
  if (typeof host !== 'string' || !own.has(host, Number(port))) return;
  throw new PaudeError('config-invalid', {
    action: 'use the upstream proxy',
    input: `${hostname}:${port}`,
    why: 'that is this proxy itself, which would pass every request to itself',
    remedy: 'Name the other proxy, or leave upstream out',
  });
}

/** `server.listen()` takes a handle in the place of an address. */
function listenAddress({ listen }: ProxyConfig, { door }: StartOptions): ListenAddress {
  return door === undefined ? listen : ({ host: 'a handle', port: 0, handle: door } as ListenAddress);
}

async function listening(
  address: ListenAddress,
  listen: (address: ListenAddress) => Promise<string>,
): Promise<string> {
  try {
    return await listen(address);
  } catch (error) {
    const input = 'path' in address ? address.path : `${address.host ?? ''}:${address.port}`;
    const code = (error as NodeJS.ErrnoException).code;
    const [why, remedy] =
      code === 'EADDRINUSE'
        ? ['something listens there already', 'Stop it, or choose another address (port 0 takes a free one)']
        : code === 'EACCES'
          ? ['this user may not listen there', 'Choose a port above 1023']
          : code === 'EADDRNOTAVAIL'
            ? ['this machine has no such address', 'Choose one of its own addresses, or 127.0.0.1']
            : [`listening failed (${code})`, 'Choose another address'];
    throw new PaudeError('listen-failed', { action: 'listen on', input, why, remedy, cause: error });
  }
}
