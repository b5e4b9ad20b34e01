import http from 'node:http';
import type { Duplex } from 'node:stream';
import type { Host } from '@paude/allowlist';
import type { EngineContext } from '../engine/context.ts';
import type { ReasonCode } from '../report/reasons.ts';

/** A connection that could not be made, as an HTTP client reports it. */
export class ConnectFailure extends Error {
  readonly reason: ReasonCode;

  constructor(reason: ReasonCode, detail: string) {
    super(detail);
    this.reason = reason;
  }
}

/** What a request tells the agent besides host and port. */
export interface TargetOptions extends http.RequestOptions {
  /** Addresses that have been checked; used when a new connection must be made. */
  readonly targets: readonly Host[];
}

/**
 * Keeps connections to targets for one client's connection. They are never shared between clients: what a target remembers
 * of a connection, or a response that does not belong there, stays with the client that caused it.
 */
export class TargetAgent extends http.Agent {
  readonly #context: EngineContext;

  constructor(context: EngineContext) {
    super({ keepAlive: true, maxFreeSockets: 4, scheduling: 'lifo', timeout: context.timeouts.headMs });
    this.#context = context;
  }

  /** A kept connection serves only requests for which the same addresses were checked: it leads to one of them. */
  override getName(options: TargetOptions): string {
    const { targets } = options;
    return `${super.getName(options)}:${[...targets].sort().join()}`;
  }

  override createConnection(
    options: object,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const { targets, port } = options as TargetOptions & { port: number };
    const { connector, timeouts } = this.#context;
    const dialOptions = { timeoutMs: timeouts.connectMs };
    const connecting =
      connector.httpProxy === undefined
        ? connector.plain(targets, Number(port), dialOptions)
        : connector.httpProxy.connect(dialOptions);
    connecting.then(
      (connected) => {
        if (connected.kind === 'connected') callback?.(null, connected.stream);
        else
          (callback as ((error: Error) => void) | undefined)?.(
            new ConnectFailure(connected.reason, connected.detail),
          );
      },
      callback as (error: Error) => void,
    );
    return undefined;
  }
}
