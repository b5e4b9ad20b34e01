import type { RequestHead } from '../request/request-head.ts';
import type { TokenRequest } from '../tokens/token-request.ts';

/** A path of a server. */
export interface Endpoint {
  /** A host, or with a dot in front every host below. */
  readonly host: string;
  /** @default 443 */
  readonly port?: number;
  readonly path: string;
}

/** What a login with a provider consists of, read from the file that its command line wrote. */
export interface Login {
  readonly refreshToken: string;
  /** The access token of that file, if it may still be of use. */
  readonly accessToken: string | undefined;
  readonly expiresAtMs: number | undefined;
  /** The account that requests are for, where the service wants to be told. */
  readonly accountId: string | undefined;
}

/** What a token endpoint is asked with. */
export interface ExchangeParts {
  readonly refreshToken: string;
  readonly clientSecret: string | undefined;
}

/** How a provider's refresh tokens are exchanged, and what its clients expect. */
export interface OAuthProvider {
  readonly name: string;
  readonly tokenEndpoint: string;
  /** Whether the endpoint may replace the refresh token, so that the newest has to be kept. */
  readonly rotates: boolean;
  /** Whether `readLogin` tells a login from anything else, so that a state file of another program may be one. */
  readonly keepsLogins: boolean;
  /** Where the provider's clients refresh by themselves: answered with stubs. */
  readonly vends: readonly Endpoint[];
  /** Reads a login file; undefined when it is none. */
  readLogin(text: string): Login | undefined;
  /** The request that brings a new access token. */
  exchange(parts: ExchangeParts): TokenRequest;
  /** What a request carries beside the token. */
  complete?(head: RequestHead, accountId: string | undefined): RequestHead;
  /** Where a client that refreshes puts its credential: into a parameter or into the field Authorization. */
  readonly clientCredential: 'parameter' | 'authorization';
  /** What a client is told when it refreshes. */
  vended(stub: string): object;
}
