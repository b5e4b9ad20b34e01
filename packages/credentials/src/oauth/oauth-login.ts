import { createHash } from 'node:crypto';
import { textOf } from '../json.ts';
import type { SecretSource } from '../secrets/secret-source.ts';
import { type AccessToken, TokenFault } from '../tokens/access-token.ts';
import { jwtExpiryMs } from '../tokens/jwt.ts';
import {
  type TokenEvent,
  TokenKeeper,
  type TokenKeeperOptions,
  type TokenReading,
} from '../tokens/token-keeper.ts';
import { askTokenEndpoint, type Fetch } from '../tokens/token-request.ts';
import { KeptTokens, type Tokens } from './kept-tokens.ts';
import type { OAuthProvider } from './provider.ts';
import type { StateFile } from './state-file.ts';

/** What a login is kept fresh with. */
export interface OAuthLoginOptions {
  readonly provider: OAuthProvider;
  /** The login file, or the refresh token itself. */
  readonly source: SecretSource;
  readonly clientSecret?: SecretSource | undefined;
  /** Where rotated tokens are kept; without one a restart begins with the login again. */
  readonly stateFile?: StateFile | undefined;
  readonly fetch: Fetch;
  readonly observe?: (
    event: TokenEvent | { readonly kind: 'state-not-saved'; readonly detail: string },
  ) => void;
  /** Pauses and the clock, for tests. */
  readonly keeper?: Partial<Pick<TokenKeeperOptions, 'refreshBeforeMs' | 'youngMs' | 'backoffMs' | 'now'>>;
}

/** A login at a given generation of its source, with the tokens that have grown from it. */
interface Current {
  readonly sourceGeneration: number;
  readonly fingerprint: string;
  readonly accountId: string | undefined;
  readonly keeper: TokenKeeper;
  refreshToken: string;
  /** The refresh token that was last seen in the state file. */
  keptRefreshToken: string | undefined;
}

/** Keys of generations: a change of the login file must not be taken for the token that was there before. */
const GENERATIONS_PER_LOGIN = 1_000_000;

/**
 * An access token that is kept fresh by a refresh token (RFC 6749 section 6). A refresh token that the endpoint replaces is
 * used from then on, and kept in the state file before anybody sees the access token that came with it.
 */
export class OAuthLogin {
  readonly #options: OAuthLoginOptions;
  readonly #kept: KeptTokens;
  #current: Current | undefined;
  #opening: Promise<Current | string> | undefined;

  constructor(options: OAuthLoginOptions) {
    this.#options = options;
    const { provider, stateFile, observe } = options;
    const complain = (detail: string) => observe?.({ kind: 'state-not-saved', detail });
    this.#kept = new KeptTokens({ provider, stateFile, complain });
  }

  /** The access token, or why there is none. Never rejects. */
  async get(): Promise<TokenReading> {
    const current = await this.#open();
    if (typeof current === 'string') return { kind: 'fault', detail: current };
    const reading = await current.keeper.get();
    if (reading.kind === 'fault') return reading;
    return { ...reading, generation: generationOf(current, reading.generation) };
  }

  async refreshAfter(generation: number): Promise<boolean> {
    const current = await this.#open(true);
    if (typeof current === 'string') return false;
    if (Math.floor(generation / GENERATIONS_PER_LOGIN) !== current.sourceGeneration) return true;
    return current.keeper.refreshAfter(generation % GENERATIONS_PER_LOGIN);
  }

  /** The account of the login that is in use. */
  get accountId(): string | undefined {
    return this.#current?.accountId;
  }

  /** Why there is no login, without asking the endpoint. */
  async check(): Promise<string | undefined> {
    const current = await this.#open();
    return typeof current === 'string' ? current : undefined;
  }

  async #open(fresh = false): Promise<Current | string> {
    const reading = await this.#options.source.read(fresh);
    if (reading.kind === 'fault') return reading.detail;
    if (this.#current?.sourceGeneration === reading.generation) return this.#current;
    this.#opening ??= this.#adopt(reading.value, reading.generation).finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #adopt(text: string, sourceGeneration: number): Promise<Current | string> {
    const { provider, source } = this.#options;
    const login = provider.readLogin(text);
    if (login === undefined) return `${source.description} holds no login of ${provider.name}`;
    const fingerprint = createHash('sha256').update(login.refreshToken).digest('hex');
    const kept = await this.#kept.read(fingerprint);
    if (typeof kept === 'string') return kept;
    const current: Current = {
      sourceGeneration,
      fingerprint,
      accountId: login.accountId,
      refreshToken: kept?.refreshToken ?? login.refreshToken,
      keptRefreshToken: kept?.refreshToken,
      keeper: new TokenKeeper({
        ...this.#options.keeper,
        fetchToken: () => this.#renew(current),
        initial: initialToken(kept ?? login),
        observe: (event) => this.#options.observe?.(event),
      }),
    };
    this.#current = current;
    return current;
  }

  async #renew(current: Current): Promise<AccessToken> {
    const before = await this.#renewedElsewhere(current);
    if (before !== undefined) return before;
    try {
      return await this.#exchange(current);
    } catch (error) {
      // Another proxy may have been faster by a moment.
      const meanwhile = await this.#renewedElsewhere(current);
      if (meanwhile !== undefined) return meanwhile;
      throw error;
    }
  }

  /** The access token that another proxy with the same state file has got, whose refresh token is then ours, too. */
  async #renewedElsewhere(current: Current): Promise<AccessToken | undefined> {
    const kept = await this.#kept.read(current.fingerprint);
    // Not compared with our own: what we could not keep is newer than what stands there.
    if (typeof kept !== 'object' || kept.refreshToken === current.keptRefreshToken) return undefined;
    current.refreshToken = kept.refreshToken;
    current.keptRefreshToken = kept.refreshToken;
    const token = initialToken(kept);
    return token !== undefined && token.expiresAtMs > this.#now() ? token : undefined;
  }

  async #exchange(current: Current): Promise<AccessToken> {
    const { provider, fetch, clientSecret } = this.#options;
    const secret = await clientSecret?.read();
    if (secret?.kind === 'fault') throw new TokenFault(secret.detail);
    const { refreshToken } = current;
    const answer = await askTokenEndpoint(
      fetch,
      provider.exchange({ refreshToken, clientSecret: secret?.value }),
    );
    const value = textOf(answer.access_token) ?? textOf(answer.accessToken);
    const host = new URL(provider.tokenEndpoint).host;
    if (value === undefined) throw new TokenFault(`the token endpoint at ${host} gave no access token`);
    const lifeS = Number(answer.expires_in);
    const expiresAtMs = lifeS > 0 ? this.#now() + lifeS * 1000 : jwtExpiryMs(value);
    if (!provider.rotates) return { value, expiresAtMs };
    current.refreshToken = textOf(answer.refresh_token) ?? refreshToken;
    // The tokens of a login that was replaced meanwhile must not take the place of those of the new one.
    if (this.#current === current) {
      const isKept = await this.#kept.save({
        version: 1,
        login: current.fingerprint,
        refreshToken: current.refreshToken,
        accessToken: value,
        ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
      });
      if (isKept) current.keptRefreshToken = current.refreshToken;
    }
    return { value, expiresAtMs };
  }

  #now(): number {
    return this.#options.keeper?.now?.() ?? Date.now();
  }
}

function generationOf({ sourceGeneration }: Current, generation: number): number {
  return sourceGeneration * GENERATIONS_PER_LOGIN + generation;
}

function initialToken({ accessToken, expiresAtMs }: Tokens) {
  // Without an end it may be long over.
  return accessToken === undefined || expiresAtMs === undefined
    ? undefined
    : { value: accessToken, expiresAtMs };
}
