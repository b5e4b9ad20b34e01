import { unsignedJwt } from '../tokens/jwt.ts';
import type { OAuthProvider } from './provider.ts';

const TOKEN_ENDPOINT = 'https://api2.cursor.sh/auth/exchange_user_api_key';

/** How long the token is said to last that a client gets: as long as Cursor's own do. */
const LIFE_S = 3600;

/**
 * Cursor's command line with an API key. Its services take no API key but a token, for which the command line exchanges
 * the key; so the exchange is made here, and the session's own exchange is answered with a stub.
 */
export const CURSOR: OAuthProvider = {
  name: 'cursor',
  tokenEndpoint: TOKEN_ENDPOINT,
  rotates: false,
  keepsLogins: false,
  vends: [{ host: '.cursor.sh', path: '/auth/exchange_user_api_key' }],
  readLogin: (text) => ({
    refreshToken: text,
    accessToken: undefined,
    expiresAtMs: undefined,
    accountId: undefined,
  }),
  exchange: ({ refreshToken }) => ({
    url: TOKEN_ENDPOINT,
    headers: { authorization: `Bearer ${refreshToken}`, 'content-type': 'application/json' },
    body: '{}',
  }),
  clientCredential: 'authorization',
  vended: (stub) => ({
    accessToken: unsignedJwt({ exp: Math.floor(Date.now() / 1000) + LIFE_S, sub: stub }, stub),
    refreshToken: stub,
  }),
};
