import type { Policy } from '@paude/allowlist';
import type { Logger } from 'pino';
import type { CredentialConfig } from '../config/config.ts';
import type { Engine, EngineOptions } from '../engine/engine.ts';
import type { CredentialOptions, OpenedCredentials } from './open-credentials.ts';

/** How often the authority is looked at, so that it is renewed in time without a restart. */
const LOOK_MS = 6 * 3_600_000;

export interface CredentialKeeperOptions extends Omit<CredentialOptions, 'observe'> {
  readonly logger: Logger;
}

/** The credentials of a running proxy: what becomes of them goes to the log and to the counters. */
export class CredentialKeeper {
  readonly #opened: OpenedCredentials;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;

  private constructor(opened: OpenedCredentials, logger: Logger) {
    this.#opened = opened;
    this.#logger = logger;
    this.#timer = setInterval(() => void this.reload(), LOOK_MS);
    this.#timer.unref();
  }

  /** Undefined when no host has a credential route. @throws PaudeError as `openCredentials`. */
  static async open(
    config: CredentialConfig,
    { logger, ...options }: CredentialKeeperOptions,
  ): Promise<CredentialKeeper | undefined> {
    if (config.file === undefined && !config.defaults) return undefined;
    // Loaded only where there may be routes: what it needs costs start-up time and memory.
    const { openCredentials } = await import('./open-credentials.ts');
    let engine: Engine | undefined;
    const opened = await openCredentials(config, {
      ...options,
      observe: ({ kind, route, detail }) => {
        const { counters } = engine ?? {};
        if (counters !== undefined && kind === 'refreshed') counters.credentialRefreshes++;
        if (counters !== undefined && kind === 'refresh-failed') counters.credentialRefreshFailures++;
        const event = { event: 'credential', credentialEvent: kind, route, detail };
        if (kind === 'refreshed') logger.info(event, `A fresh token for the route ${route}`);
        else logger.warn(event, `The route ${route}: ${detail ?? kind}`);
      },
    });
    if (opened === undefined) return undefined;
    const keeper = new CredentialKeeper(opened, logger);
    keeper.#onStart = (started) => {
      engine = started;
    };
    return keeper;
  }

  #onStart: (engine: Engine) => void = () => undefined;

  get interceptor(): EngineOptions['interceptor'] {
    return this.#opened.interceptor;
  }

  /** To be called with the engine once it is there: says what is in force. */
  start(engine: Engine): void {
    this.#onStart(engine);
    const { router, caPath, outcome } = this.#opened;
    const names = router.routes.map(({ name }) => name);
    this.#logger.info(
      { event: 'credentials', routes: names, ca: caPath, caOutcome: outcome },
      `Credentials for ${names.length} routes (${names.join(', ')}); sessions have to trust ${caPath}`,
    );
    this.warn(engine.policy);
  }

  /** Says in the log what the author of the routes should know. */
  warn(policy: Policy): void {
    for (const { code, route, host, message, remedy } of this.#opened.warnings(policy)) {
      this.#logger.warn({ event: 'warning', warning: code, route, host }, `${message}. ${remedy}`);
    }
  }

  /** Reads the authority again. Never rejects: the one before stays. */
  async reload(): Promise<void> {
    try {
      const outcome = await this.#opened.reload();
      if (outcome !== 'kept')
        this.#logger.warn(
          { event: 'ca-changed', caOutcome: outcome },
          `The certificate of the authority is a new one (${outcome}): give it to the sessions`,
        );
    } catch (error) {
      const { message } = error as Error;
      this.#logger.error(
        { event: 'ca-reload-failed', error: message },
        `The authority before stays in use. ${message}`,
      );
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#opened.close();
  }
}
