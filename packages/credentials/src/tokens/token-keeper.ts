import { secretFault } from '../secrets/secret-source.ts';
import { type AccessToken, TokenFault } from './access-token.ts';

/** A token as it is to be used now, or why there is none. */
export type TokenReading =
  | { readonly kind: 'token'; readonly value: string; readonly generation: number }
  | { readonly kind: 'fault'; readonly detail: string };

/** What became of an attempt to get a token. */
export interface TokenEvent {
  readonly kind: 'refreshed' | 'refresh-failed';
  /** Of a failure: one clause, never a secret. */
  readonly detail?: string;
}

/** How tokens are kept. */
export interface TokenKeeperOptions {
  /** Gets a new token. Rejects with a `TokenFault`; whatever else it rejects with is not shown. */
  readonly fetchToken: () => Promise<AccessToken>;
  /** A token from before, such as of a state file; one that cannot be sent is left out. */
  readonly initial?: AccessToken | undefined;
  /** How long before its end a token is replaced, but never more than a tenth of its life. @default 300000 */
  readonly refreshBeforeMs?: number;
  /**
   * How young a token must be for a 401 not to mean that a newer one would help. A client can bring about a 401 whenever it
   * likes; this bounds how often that costs a request to the token endpoint.
   *
   * @default 60000
   */
  readonly youngMs?: number;
  /** The shortest and the longest pause after failures. @default [1000, 300000] */
  readonly backoffMs?: readonly [shortest: number, longest: number];
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
  readonly observe?: (event: TokenEvent) => void;
}

/** How long a token lasts of which nobody said. */
const UNKNOWN_LIFE_MS = 3_600_000;

/**
 * Keeps one access token: replaced before it ends, with one request for any number of callers. While a replacement is
 * under way, or has failed, a token that still lasts goes on being used. After failures there are pauses that double, so
 * that a dead credential does not hammer its endpoint.
 */
export class TokenKeeper {
  readonly #options: Required<Omit<TokenKeeperOptions, 'initial'>>;
  #token: AccessToken | undefined;
  #generation = 0;
  #obtainedAtMs = Number.NEGATIVE_INFINITY;
  #expiresAtMs = 0;
  #pending: Promise<boolean> | undefined;
  #failures = 0;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #fault = 'no token was asked for yet';

  constructor({ initial, ...options }: TokenKeeperOptions) {
    this.#options = {
      refreshBeforeMs: 300_000,
      youngMs: 60_000,
      backoffMs: [1000, 300_000],
      now: Date.now,
      observe: () => undefined,
      ...options,
    };
    if (initial !== undefined && secretFault(initial.value) === undefined) {
      this.#take(initial, Number.NEGATIVE_INFINITY);
    }
  }

  /** The token; waits only when there is none that lasts. Never rejects. */
  async get(): Promise<TokenReading> {
    const now = this.#options.now();
    if (this.#token === undefined || now >= this.#expiresAtMs) await this.#refresh();
    else if (now >= this.#expiresAtMs - this.#marginMs()) void this.#refresh();
    if (this.#token === undefined || this.#options.now() >= this.#expiresAtMs) {
      return { kind: 'fault', detail: this.#fault };
    }
    return { kind: 'token', value: this.#token.value, generation: this.#generation };
  }

  /** As `Injector.refreshAfter`. */
  async refreshAfter(generation: number): Promise<boolean> {
    if (generation !== this.#generation) return true;
    if (this.#pending === undefined && this.#options.now() - this.#obtainedAtMs < this.#options.youngMs)
      return false;
    return this.#refresh();
  }

  /** One attempt for all who ask at a time. @returns whether there is a new token. */
  #refresh(): Promise<boolean> {
    if (this.#pending !== undefined) return this.#pending;
    if (this.#options.now() < this.#pausedUntilMs) return Promise.resolve(false);
    this.#pending = this.#attempt().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #attempt(): Promise<boolean> {
    const { fetchToken, now, observe } = this.#options;
    try {
      const token = await fetchToken();
      const unfit = secretFault(token.value);
      if (unfit !== undefined) throw new TokenFault(`the access token that was given ${unfit}`);
      if (token.expiresAtMs !== undefined && token.expiresAtMs <= now()) {
        throw new TokenFault('the access token that was given has already ended; see to the clock');
      }
      this.#take(token, now());
      this.#failures = 0;
      this.#pausedUntilMs = Number.NEGATIVE_INFINITY;
    } catch (error) {
      const [shortest, longest] = this.#options.backoffMs;
      // An error that is not ours may quote a request, and with it a secret.
      this.#fault = error instanceof TokenFault ? error.message : 'asking for a token failed unexpectedly';
      const isPermanent = error instanceof TokenFault && error.isPermanent;
      const pauseMs = isPermanent ? longest : Math.min(longest, shortest * 2 ** this.#failures++);
      this.#pausedUntilMs = now() + pauseMs;
      observe({ kind: 'refresh-failed', detail: this.#fault });
      return false;
    }
    observe({ kind: 'refreshed' });
    return true;
  }

  #take(token: AccessToken, obtainedAtMs: number): void {
    this.#token = token;
    this.#generation++;
    this.#obtainedAtMs = obtainedAtMs;
    this.#expiresAtMs = token.expiresAtMs ?? this.#options.now() + UNKNOWN_LIFE_MS;
  }

  #marginMs(): number {
    const lifeMs = this.#expiresAtMs - this.#obtainedAtMs;
    return Math.min(this.#options.refreshBeforeMs, lifeMs / 10);
  }
}
