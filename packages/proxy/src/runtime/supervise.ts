import type { Logger } from 'pino';
import type { ProxyLog } from '../report/log.ts';
import type { RunningProxy } from './start-proxy.ts';

/** The parts of `process` that a supervised proxy needs; an app passes its own. */
export interface SignalSource {
  on(event: NodeJS.Signals | 'uncaughtException', listener: (value: unknown) => void): unknown;
  off(event: NodeJS.Signals | 'uncaughtException', listener: (value: unknown) => void): unknown;
}

/**
 * Runs a proxy until SIGTERM or SIGINT: drains, stops, and resolves with the exit code. SIGHUP reads the allowlist again
 * and opens the logs again. A second signal while draining stops at once.
 */
export function superviseProxy(proxy: RunningProxy, log: ProxyLog, signals: SignalSource): Promise<number> {
  const { logger } = log;
  return new Promise((resolve) => {
    let stopping = false;
    const finish = (code: number) => {
      for (const [event, listener] of listeners) signals.off(event, listener);
      resolve(code);
    };
    const onStop = (signal: unknown) => {
      if (stopping) return finish(1);
      stopping = true;
      logger.info(
        { event: 'stopping', signal, open: proxy.engine.openCount },
        `Stopping on ${String(signal)}: ${proxy.engine.openCount} open`,
      );
      proxy.close().then(
        (drained) => {
          logger.info(
            { event: 'stopped', drained },
            drained ? 'Stopped' : 'Stopped; what was still open was cut',
          );
          finish(0);
        },
        (error: unknown) => {
          logger.error({ event: 'defect', err: error }, 'Stopping failed');
          finish(1);
        },
      );
      return undefined;
    };
    const listeners: [NodeJS.Signals | 'uncaughtException', (value: unknown) => void][] = [
      ['SIGTERM', onStop],
      ['SIGINT', onStop],
      [
        'SIGHUP',
        () => {
          log.reopen();
          proxy.reopenLogs();
          void proxy.reload();
        },
      ],
      ['uncaughtException', (error) => survive(logger, proxy, error)],
    ];
    for (const [event, listener] of listeners) signals.on(event, listener);
  });
}

/**
 * No input may stop the proxy, and with it every tunnel. All state that decisions rest on is immutable, so going on after
 * an exception in one connection's code lets nothing through; it is counted and logged as the defect that it is.
 */
function survive(logger: Logger, proxy: RunningProxy, error: unknown): void {
  proxy.engine.counters.internalErrors++;
  logger.error({ event: 'defect', err: error }, 'An exception that no code expected; the proxy goes on');
}
