import { type Answer, type Answerer, jsonAnswer, refusedAnswer } from '../answers/answer.ts';
import { loosePath } from '../answers/endpoint.ts';
import { type Parameters, readParameters } from '../answers/parameters.ts';
import { stubGrantFault } from '../answers/stub-grant.ts';
import type { VendingOptions } from '../oauth/oauth-answerer.ts';
import type { RequestHead } from '../request/request-head.ts';
import { STUB } from '../request/stub.ts';
import { CLOUD_PLATFORM } from './adc-token.ts';

/** How long a stub token is said to last: as long as Google's own do. */
const LIFE_S = 3599;

const ACCESS_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token';

/** A token endpoint of Google: its host, regional and of other universes too, and its paths. */
interface TokenEndpoint {
  readonly hosts: RegExp;
  readonly paths: ReadonlySet<string>;
}

/** The current endpoints, and those of older client libraries. */
const TOKEN_ENDPOINTS: readonly TokenEndpoint[] = [
  { hosts: /(?:^|[.-])oauth2\./, paths: new Set(['/token']) },
  { hosts: /^www\./, paths: new Set(['/oauth2/v4/token', '/oauth2/v3/token']) },
  { hosts: /^accounts\./, paths: new Set(['/o/oauth2/token']) },
  {
    hosts: /(?:^|[.-])sts\./,
    paths: new Set(['/v1/token', '/v1beta/token', '/v1/oauthtoken', '/v1beta/oauthtoken']),
  },
];

/** The host of service-account impersonation, and its kin. Every answer of it is a credential. */
const IMPERSONATION_HOST = /(?:^|[.-])iamcredentials\./;

/** Every host at which requests of Google's client libraries are answered. */
export const GOOGLE_VENDING_HOSTS: readonly string[] = [
  'oauth2.googleapis.com',
  'www.googleapis.com',
  'accounts.google.com',
  'sts.googleapis.com',
  'iamcredentials.googleapis.com',
];

/** Answers what Google's client libraries ask for tokens with: a stub for a stub, and nothing for anything else. */
export class GoogleAnswerer implements Answerer {
  readonly #options: VendingOptions;

  constructor(options: VendingOptions) {
    this.#options = options;
  }

  mayAnswer(head: RequestHead): boolean {
    return IMPERSONATION_HOST.test(head.host) || isForToken(head);
  }

  answer(head: RequestHead, body: Uint8Array): Answer | undefined {
    if (!this.mayAnswer(head)) return undefined;
    if (IMPERSONATION_HOST.test(head.host)) return this.#impersonation(head);
    if (head.method !== 'POST') return this.#refuse('a token endpoint takes POST', 'invalid_request');
    const parameters = readParameters(head, body);
    if (typeof parameters === 'string') return this.#refuse(parameters, 'invalid_request');
    const fault = stubGrantFault(parameters, this.#options.stubs);
    if (fault !== undefined) return this.#refuse(fault, 'invalid_grant');
    return jsonAnswer('vended', this.#options.route, grant(parameters));
  }

  #impersonation(head: RequestHead): Answer {
    const isForToken = /^\/v1\/projects\/[^/]+\/serviceaccounts\/[^/]+:generateaccesstoken$/.test(
      loosePath(head),
    );
    if (head.method !== 'POST' || !isForToken) return this.#close();
    // Its credential is the bearer token, which is looked at nowhere else: nothing of the request goes on.
    const expireTime = new Date(Date.now() + LIFE_S * 1000).toISOString().replace(/\.\d+/, '');
    return jsonAnswer('vended', this.#options.route, { accessToken: STUB, expireTime });
  }

  #close(): Answer {
    const detail = 'this endpoint gives out, or signs with, real credentials';
    return refusedAnswer(this.#options.route, 'endpoint-closed', detail, {
      status: 403,
      error: 'access_denied',
    });
  }

  #refuse(detail: string, error: string): Answer {
    return refusedAnswer(this.#options.route, 'stub-required', detail, { error });
  }
}

function grant(parameters: Parameters): object {
  const token = {
    access_token: STUB,
    expires_in: LIFE_S,
    token_type: 'Bearer',
    scope: parameters.get('scope') ?? CLOUD_PLATFORM,
  };
  return parameters.has('subject_token') ? { ...token, issued_token_type: ACCESS_TOKEN_TYPE } : token;
}

function isForToken(head: RequestHead): boolean {
  const path = loosePath(head);
  return TOKEN_ENDPOINTS.some(({ hosts, paths }) => hosts.test(head.host) && paths.has(path));
}
