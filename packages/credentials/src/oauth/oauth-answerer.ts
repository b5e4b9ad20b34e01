import { type Answer, type Answerer, jsonAnswer, refusedAnswer } from '../answers/answer.ts';
import { loosePath } from '../answers/endpoint.ts';
import { readParameters } from '../answers/parameters.ts';
import { stubGrantFault } from '../answers/stub-grant.ts';
import { AUTHORIZATION, valuesAt } from '../request/place.ts';
import type { RequestHead } from '../request/request-head.ts';
import { isStub, STUB, type Stubs } from '../request/stub.ts';
import type { Endpoint, OAuthProvider } from './provider.ts';

/** What token vending needs to know. */
export interface VendingOptions {
  /** The route's name. */
  readonly route: string;
  readonly stubs: Stubs;
}

/** Answers refreshes of a provider's clients with stubs. */
export class OAuthAnswerer implements Answerer {
  readonly #provider: OAuthProvider;
  readonly #options: VendingOptions;

  constructor(provider: OAuthProvider, options: VendingOptions) {
    this.#provider = provider;
    this.#options = options;
  }

  mayAnswer(head: RequestHead): boolean {
    return isAt(this.#provider.vends, head);
  }

  answer(head: RequestHead, body: Uint8Array): Answer | undefined {
    const { route } = this.#options;
    if (!this.mayAnswer(head)) return undefined;
    if (head.method !== 'POST') {
      return refusedAnswer(route, 'stub-required', 'a token endpoint takes POST', {
        status: 405,
        error: 'invalid_request',
      });
    }
    const fault = this.#fault(head, body);
    if (fault !== undefined) return refusedAnswer(route, 'stub-required', fault);
    return jsonAnswer('vended', route, this.#provider.vended(STUB));
  }

  /** Why a request is not that of a holder of stubs. */
  #fault(head: RequestHead, body: Uint8Array): string | undefined {
    const { stubs } = this.#options;
    if (this.#provider.clientCredential === 'authorization') {
      const values = valuesAt(head, AUTHORIZATION);
      const isOfStub = values.length > 0 && values.every((value) => isStub(value, stubs));
      return isOfStub
        ? undefined
        : 'header authorization carries something other than the stub of this session';
    }
    const parameters = readParameters(head, body);
    return typeof parameters === 'string' ? parameters : stubGrantFault(parameters, stubs);
  }
}

function isAt(endpoints: readonly Endpoint[], head: RequestHead): boolean {
  const path = loosePath(head);
  return endpoints.some(
    (endpoint) =>
      isHost(endpoint, head.host) &&
      (endpoint.port ?? 443) === head.port &&
      endpoint.path.toLowerCase() === path,
  );
}

function isHost({ host }: Endpoint, name: string): boolean {
  return host.startsWith('.') ? name.endsWith(host) || name === host.slice(1) : name === host;
}
