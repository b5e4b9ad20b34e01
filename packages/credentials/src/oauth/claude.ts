import { objectAt, parseJson, textOf } from '../json.ts';
import { fieldValues, type RequestHead, withField } from '../request/request-head.ts';
import type { Login, OAuthProvider } from './provider.ts';
import { refreshRequest } from './refresh-request.ts';

/** What the API wants to see beside an OAuth token (anthropic-beta). */
const OAUTH_BETA = 'oauth-2025-04-20';

/** Scopes that a login with a subscription has. */
const CLAUDE_SCOPES: readonly string[] = ['user:inference', 'user:profile', 'user:sessions:claude_code'];

const TOKEN_ENDPOINT = 'https://platform.claude.com/v1/oauth/token';
const CLIENT_ID = '9d1c250a-e61b-44d9-88ed-5944d1962f5e';

/**
 * A Claude subscription as Claude Code logs in to it. Endpoint and client id are those that Claude Code itself uses; they
 * are public (a native app has no client secret, RFC 8252 section 8.5) and stand in the source of many of its companions.
 */
export const CLAUDE: OAuthProvider = {
  name: 'claude',
  tokenEndpoint: TOKEN_ENDPOINT,
  rotates: true,
  keepsLogins: true,
  vends: [
    { host: 'platform.claude.com', path: '/v1/oauth/token' },
    { host: 'console.anthropic.com', path: '/v1/oauth/token' },
    { host: 'api.anthropic.com', path: '/v1/oauth/token' },
  ],
  readLogin: readClaudeLogin,
  exchange: (parts) => refreshRequest(TOKEN_ENDPOINT, parts, { clientId: CLIENT_ID, body: 'json' }),
  complete: withOAuthBeta,
  clientCredential: 'parameter',
  vended: (stub) => ({
    token_type: 'Bearer',
    access_token: stub,
    refresh_token: stub,
    expires_in: 28_800,
    scope: CLAUDE_SCOPES.join(' '),
  }),
};

/** `{ claudeAiOauth: { accessToken, refreshToken, expiresAt } }`, times in milliseconds, as in `.credentials.json`. */
function readClaudeLogin(text: string): Login | undefined {
  const login = objectAt(parseJson(text), 'claudeAiOauth');
  const refreshToken = textOf(login?.refreshToken);
  if (refreshToken === undefined) return undefined;
  const expiresAt = login?.expiresAt;
  return {
    refreshToken,
    accessToken: textOf(login?.accessToken),
    expiresAtMs: typeof expiresAt === 'number' && expiresAt > 0 ? expiresAt : undefined,
    accountId: undefined,
  };
}

/** A client that was told of an API key does not ask for the beta, without which the API takes no OAuth token. */
function withOAuthBeta(head: RequestHead): RequestHead {
  const betas = fieldValues(head.fields, 'anthropic-beta').flatMap((value) =>
    value.split(',').map((beta) => beta.trim()),
  );
  if (betas.includes(OAUTH_BETA)) return head;
  const value = [...betas.filter(Boolean), OAUTH_BETA].join(',');
  return { ...head, fields: withField(head.fields, 'anthropic-beta', value) };
}
