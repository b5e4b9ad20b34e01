import type { Injected, Route } from '@paude/credentials';
import { ReplayBuffer } from './request-body.ts';
import type { ClientSide } from './sides.ts';

/** The largest body that is kept to be sent again with a fresh credential. */
const MAX_REPLAYED_BYTES = 65_536;

/** What is sent the second time. */
export interface Repeated {
  readonly injection: Injected;
  readonly body: Buffer | undefined;
}

/** The one second try of a request whose credential the service did not want: with a fresh one it may. */
export class SecondTry {
  readonly #route: Route;
  readonly #client: ClientSide;
  readonly #kept: ReplayBuffer | undefined;
  #isSpent = false;

  constructor(route: Route, client: ClientSide) {
    this.#route = route;
    this.#client = client;
    this.#kept = client.body === undefined ? undefined : new ReplayBuffer(MAX_REPLAYED_BYTES);
  }

  /** Told of the body on its way; the bytes are lent. */
  keep(bytes: Buffer): void {
    this.#kept?.push(bytes);
  }

  /** Whether a response asks for it. There is but one. */
  isWanted(status: number): boolean {
    const isWanted = status === 401 && !this.#isSpent;
    this.#isSpent ||= isWanted;
    return isWanted;
  }

  /**
   * Gets a fresh credential. Undefined where there is none, or the request cannot be sent again.
   *
   * @param generation Of the value that the service did not want.
   * @param whole The body, where it was read as a whole.
   */
  async prepare(generation: number, whole: Buffer | undefined): Promise<Repeated | undefined> {
    const { injector } = this.#route;
    const { body, head } = this.#client;
    const isFresh = await injector.refreshAfter(generation);
    const kept = whole ?? (this.#client.complete ? this.#kept?.bytes : undefined);
    if (!isFresh || (body !== undefined && kept === undefined)) return undefined;
    const injection = await injector.inject(head, kept);
    return injection.kind === 'refused' ? undefined : { injection, body: kept };
  }
}
