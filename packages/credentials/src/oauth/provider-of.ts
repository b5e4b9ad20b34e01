import type { InjectOf } from '../routes/schema.ts';
import { CLAUDE } from './claude.ts';
import { CODEX } from './codex.ts';
import { CURSOR } from './cursor.ts';
import type { OAuthProvider } from './provider.ts';
import { refreshRequest } from './refresh-request.ts';

type WrittenProvider = Exclude<InjectOf<'oauth-refresh'>['provider'], string>;

/** The provider that a route names or describes. */
export function providerOf(provider: InjectOf<'oauth-refresh'>['provider']): OAuthProvider {
  if (provider === 'claude') return CLAUDE;
  if (provider === 'codex') return CODEX;
  if (provider === 'cursor') return CURSOR;
  return customProvider(provider);
}

/** Any OAuth 2.0 server: the secret of the route is the refresh token itself (RFC 6749 section 6). */
function customProvider({ tokenEndpoint, clientId, body = 'form', scope }: WrittenProvider): OAuthProvider {
  const { protocol, hostname, port, pathname } = new URL(tokenEndpoint);
  const defaultPort = protocol === 'http:' ? 80 : 443;
  return {
    name: hostname,
    tokenEndpoint,
    rotates: true,
    keepsLogins: false,
    vends: [{ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || defaultPort, path: pathname }],
    readLogin: (text) => ({
      refreshToken: text,
      accessToken: undefined,
      expiresAtMs: undefined,
      accountId: undefined,
    }),
    exchange: (parts) => refreshRequest(tokenEndpoint, parts, { clientId, body, scope }),
    clientCredential: 'parameter',
    vended: (stub) => ({ token_type: 'Bearer', access_token: stub, refresh_token: stub, expires_in: 3600 }),
  };
}
