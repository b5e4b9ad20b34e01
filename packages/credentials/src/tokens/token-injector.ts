import type { ClientValuePolicy } from '../injectors/client-value.ts';
import { clientValueRefusal, withoutClientValues } from '../injectors/client-value.ts';
import { injected } from '../injectors/injected.ts';
import { type Injection, type Injector, refuse } from '../injectors/injector.ts';
import { AUTHORIZATION, formatPlace, withValueAt } from '../request/place.ts';
import type { RequestHead } from '../request/request-head.ts';
import type { TokenReading } from './token-keeper.ts';

/** Something that has an access token. */
export interface TokenSupply {
  get(): Promise<TokenReading>;
  refreshAfter(generation: number): Promise<boolean>;
}

/** A token injector's own part. */
export interface TokenInjectorOptions extends Omit<ClientValuePolicy, 'place'> {
  readonly type: string;
  readonly supply: TokenSupply;
  /** What else the service wants to see on the request. @default nothing */
  readonly complete?: (head: RequestHead) => RequestHead;
}

/** Puts an access token that somebody keeps fresh into `Authorization: Bearer`: `gcp-adc` and `oauth-refresh`. */
export class TokenInjector implements Injector {
  readonly type: string;
  readonly place = formatPlace(AUTHORIZATION);
  readonly refreshable = true;
  readonly #options: TokenInjectorOptions;
  readonly #policy: ClientValuePolicy;

  constructor(options: TokenInjectorOptions) {
    this.type = options.type;
    this.#options = options;
    this.#policy = { ...options, place: AUTHORIZATION };
  }

  needsBody(): boolean {
    return false;
  }

  async inject(head: RequestHead): Promise<Injection> {
    const refusal = clientValueRefusal(head, this.#policy);
    if (refusal !== undefined) return refusal;
    const { supply, complete } = this.#options;
    const reading = await supply.get();
    if (reading.kind === 'fault') return refuse('credential-unavailable', reading.detail);
    const bare = withoutClientValues(head, this.#policy);
    const ready = withValueAt(complete?.(bare) ?? bare, AUTHORIZATION, `Bearer ${reading.value}`);
    return injected(ready, [reading.value], reading.generation);
  }

  refreshAfter(generation: number): Promise<boolean> {
    return this.#options.supply.refreshAfter(generation);
  }
}
