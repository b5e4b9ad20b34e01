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

/** Google's token endpoints: the current one and those of older client libraries. */
const TOKEN_PATHS: Readonly<Record<string, readonly string[]>> = {
  'oauth2.googleapis.com': ['/token'],
  'www.googleapis.com': ['/oauth2/v4/token', '/oauth2/v3/token'],
  'accounts.google.com': ['/o/oauth2/token'],
  'sts.googleapis.com': ['/v1/token', '/v1beta/token', '/v1/oauthtoken'],
};

/** The host of service-account impersonation, and its regional kin. Every answer of it is a credential. */
const IMPERSONATION_HOST = /^iamcredentials\.(?:.+\.)?googleapis\.com$/;

/** Where IAM makes keys that last, and signs for service accounts. */
const KEYS_HOST = /^iam\.(?:.+\.)?googleapis\.com$/;
const KEYS_PATH = /\/serviceaccounts\/[^/]+(?:\/keys|:sign(?:blob|jwt))$/;
const KEYS_CALL = /^\/google\.iam\.admin\.v1\.iam\/(?:createserviceaccountkey|signblob|signjwt)$/;

/** Every host at which requests of Google's client libraries are answered. */
export const GOOGLE_VENDING_HOSTS: readonly string[] = [
  ...Object.keys(TOKEN_PATHS),
  'iamcredentials.googleapis.com',
];

/** Answers what Google's client libraries ask for tokens with: a stub for a stub, and nothing for anything else. */
export class GoogleAnswerer implements Answerer {
  readonly #options: VendingOptions;

  constructor(options: VendingOptions) {
    this.#options = options;
  }

  mayAnswer(head: RequestHead): boolean {
    if (IMPERSONATION_HOST.test(head.host)) return true;
    const path = loosePath(head);
    return (TOKEN_PATHS[head.host]?.includes(path) ?? false) || isForKeys(head, path);
  }

  answer(head: RequestHead, body: Uint8Array): Answer | undefined {
    if (!this.mayAnswer(head)) return undefined;
    if (IMPERSONATION_HOST.test(head.host)) return this.#impersonation(head);
    if (TOKEN_PATHS[head.host] === undefined) return this.#close();
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

function isForKeys({ host, method }: RequestHead, path: string): boolean {
  return KEYS_HOST.test(host) && method !== 'GET' && (KEYS_PATH.test(path) || KEYS_CALL.test(path));
}
