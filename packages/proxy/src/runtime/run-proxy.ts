import type { ProxyConfig } from '../config/config.ts';
import type { ProxyLog } from '../report/log.ts';
import { softDescriptorLimit } from './descriptor-limit.ts';
import { type RunningProxy, type StartOptions, startProxy } from './start-proxy.ts';
import { type SignalSource, superviseProxy } from './supervise.ts';

export interface RunOptions extends StartOptions {
  readonly signals: SignalSource;
  /** Told once where it listens, when it does. */
  readonly onListening?: (doors: Pick<RunningProxy, 'listen' | 'admin'>) => void;
}

/**
 * Starts a proxy, says so in the log, and runs it until it is told to stop.
 *
 * @returns the exit code.
 * @throws PaudeError when it cannot start.
 */
export async function runProxy(config: ProxyConfig, options: RunOptions): Promise<number> {
  const { log } = options;
  const proxy = await startProxy(config, options);
  const rules = proxy.engine.policy.allowlist.rules.length;
  const { listen, admin } = proxy;
  const mode = config.reportOnly ? ', report-only: nothing is blocked' : '';
  log.logger.info(
    { event: 'listening', listen, admin, rules, reportOnly: config.reportOnly },
    `Proxy on ${listen}, admin on ${admin}, ${rules} rules${mode}`,
  );
  if (proxy.transport === 'sockets') {
    log.logger.warn(
      { event: 'warning', warning: 'plain-sockets' },
      'This Node is not one whose connection handles the proxy knows: tunnels work, but opening them takes longer',
    );
  }
  warn(config, listen, rules, log);
  options.onListening?.({ listen, admin });
  return superviseProxy(proxy, log, options.signals);
}

/** What starts all right and is hardly meant so. */
function warn(config: ProxyConfig, listen: string, rules: number, { logger }: ProxyLog): void {
  if (rules === 0) {
    logger.warn(
      { event: 'warning', warning: 'empty-allowlist' },
      'The allowlist is empty: everything is denied. Add rules with --allowed-domains or --allowlist',
    );
  }
  const open = !/^(127\.|\[::1\]|\/)/.test(listen) && !('path' in config.listen);
  if (open && config.clients === undefined && config.usersFile === undefined) {
    logger.warn(
      { event: 'warning', warning: 'open-to-all' },
      `Anyone who can reach ${listen} may use this proxy. Name its clients with --client, or see that only they can reach it`,
    );
  }
  const limit = softDescriptorLimit();
  const { maxTunnels } = config.limits;
  if (limit !== undefined && maxTunnels !== undefined && maxTunnels * 2 > limit) {
    logger.warn(
      { event: 'warning', warning: 'descriptor-limit' },
      `${maxTunnels} tunnels need ${maxTunnels * 2} file descriptors, and only ${limit} are allowed (ulimit -n)`,
    );
  }
}
