import type { SecretSource } from '../secrets/secret-source.ts';
import type { TokenSupply } from '../tokens/token-injector.ts';
import {
  type TokenEvent,
  TokenKeeper,
  type TokenKeeperOptions,
  type TokenReading,
} from '../tokens/token-keeper.ts';
import type { Fetch } from '../tokens/token-request.ts';
import { type Adc, type AdcFacts, readAdc } from './adc.ts';
import { adcToken } from './adc-token.ts';
import { metadataToken } from './metadata-token.ts';

/** Where Google tokens come from. */
export interface GoogleSupplyOptions {
  /** The text of Application Default Credentials; undefined for the metadata server. */
  readonly source: SecretSource | undefined;
  readonly scopes: readonly string[];
  readonly allowExecutable: boolean;
  readonly fetch: Fetch;
  /** For tests. @default the address of Google Cloud's */
  readonly metadataServer?: string | undefined;
  readonly observe?: (event: TokenEvent) => void;
  readonly keeper?: Partial<Pick<TokenKeeperOptions, 'refreshBeforeMs' | 'youngMs' | 'backoffMs' | 'now'>>;
}

interface Current {
  readonly sourceGeneration: number;
  readonly adc: Adc | undefined;
  readonly keeper: TokenKeeper;
}

const GENERATIONS_PER_SOURCE = 1_000_000;

/** Access tokens for one set of Application Default Credentials, which are read again when their file changes. */
export class GoogleSupply implements TokenSupply {
  readonly #options: GoogleSupplyOptions;
  #current: Current | undefined;

  constructor(options: GoogleSupplyOptions) {
    this.#options = options;
  }

  async get(): Promise<TokenReading> {
    const current = await this.#open();
    if (typeof current === 'string') return { kind: 'fault', detail: current };
    const reading = await current.keeper.get();
    if (reading.kind === 'fault') return reading;
    return { ...reading, generation: current.sourceGeneration * GENERATIONS_PER_SOURCE + reading.generation };
  }

  async refreshAfter(generation: number): Promise<boolean> {
    const current = await this.#open(true);
    if (typeof current === 'string') return false;
    if (Math.floor(generation / GENERATIONS_PER_SOURCE) !== current.sourceGeneration) return true;
    return current.keeper.refreshAfter(generation % GENERATIONS_PER_SOURCE);
  }

  /** Why there are no credentials, without asking for a token. */
  async check(): Promise<string | undefined> {
    const current = await this.#open();
    return typeof current === 'string' ? current : undefined;
  }

  /** What is public of the credentials that were read last. */
  get facts(): AdcFacts | undefined {
    const adc = this.#current?.adc;
    if (adc === undefined) return undefined;
    const { projectId, quotaProject, universeDomain } = adc;
    return { projectId, quotaProject, universeDomain };
  }

  async #open(fresh = false): Promise<Current | string> {
    const { source, ...options } = this.#options;
    if (source === undefined) {
      const { fetch, scopes, metadataServer: server } = options;
      const fetchToken = () => metadataToken(fetch, { scopes, ...(server === undefined ? {} : { server }) });
      this.#current ??= { sourceGeneration: 0, adc: undefined, keeper: this.#keeper(fetchToken) };
      return this.#current;
    }
    const reading = await source.read(fresh);
    if (reading.kind === 'fault') return reading.detail;
    if (this.#current?.sourceGeneration === reading.generation) return this.#current;
    const adc = readAdc(reading.value, options);
    if (typeof adc === 'string') return `${source.description} ${adc}`;
    this.#current = {
      sourceGeneration: reading.generation,
      adc,
      keeper: this.#keeper(() => adcToken(adc, options)),
    };
    return this.#current;
  }

  #keeper(fetchToken: TokenKeeperOptions['fetchToken']): TokenKeeper {
    const { keeper, observe } = this.#options;
    return new TokenKeeper({ ...keeper, fetchToken, observe: (event) => observe?.(event) });
  }
}
