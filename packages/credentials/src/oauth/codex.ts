import { objectAt, parseJson, textOf } from '../json.ts';
import { fieldValues, type RequestHead, withField, withoutField } from '../request/request-head.ts';
import { STUB } from '../request/stub.ts';
import { jwtClaims, jwtExpiryMs, unsignedJwt } from '../tokens/jwt.ts';
import type { Login, OAuthProvider } from './provider.ts';
import { refreshRequest } from './refresh-request.ts';

/** The claim of an id token that says which account and plan it is for. */
const AUTH_CLAIM = 'https://api.openai.com/auth';

const ACCOUNT_FIELD = 'chatgpt-account-id';

const TOKEN_ENDPOINT = 'https://auth.openai.com/oauth/token';
const CLIENT_ID = 'app_EMoamEEZ73f0CkXaXp7hrann';

/** The end of 2099: a client that reads this out of a stub has no reason to refresh it. */
const FAR_S = 4_102_444_799;

/**
 * A ChatGPT plan as Codex logs in to it. Endpoint and client id are public constants of the Codex sources
 * (codex-rs/login/src/auth/manager.rs); a native app has no client secret (RFC 8252 section 8.5).
 */
export const CODEX: OAuthProvider = {
  name: 'codex',
  tokenEndpoint: TOKEN_ENDPOINT,
  rotates: true,
  keepsLogins: true,
  vends: [{ host: 'auth.openai.com', path: '/oauth/token' }],
  readLogin: readCodexLogin,
  exchange: (parts) => refreshRequest(TOKEN_ENDPOINT, parts, { clientId: CLIENT_ID, body: 'json' }),
  complete: (head, accountId) => withAccount(head, accountId),
  clientCredential: 'parameter',
  vended: (stub) => ({
    token_type: 'Bearer',
    access_token: stubAccessToken(stub),
    refresh_token: stub,
    id_token: stubIdToken(stub),
    expires_in: 864_000,
    scope: 'openid profile email offline_access',
  }),
};

/** An access token from which a client reads that it lasts. */
function stubAccessToken(stub: string): string {
  return unsignedJwt({ exp: FAR_S, [AUTH_CLAIM]: { chatgpt_account_id: stub } }, stub);
}

/** An id token whose claims a client can read, and which proves nothing. */
function stubIdToken(stub: string): string {
  const claims = {
    email: `${stub}@session.invalid`,
    [AUTH_CLAIM]: { chatgpt_account_id: stub, chatgpt_user_id: stub, chatgpt_plan_type: 'plus' },
  };
  return unsignedJwt(claims, stub);
}

/** `{ tokens: { access_token, refresh_token, id_token, account_id } }`, as in `auth.json`. */
function readCodexLogin(text: string): Login | undefined {
  const tokens = objectAt(parseJson(text), 'tokens');
  const refreshToken = textOf(tokens?.refresh_token);
  if (refreshToken === undefined) return undefined;
  const accessToken = textOf(tokens?.access_token);
  return {
    refreshToken,
    accessToken,
    expiresAtMs: accessToken === undefined ? undefined : jwtExpiryMs(accessToken),
    accountId: textOf(tokens?.account_id) ?? accountOf(textOf(tokens?.id_token)),
  };
}

/** The account that an id token is for. */
function accountOf(idToken: string | undefined): string | undefined {
  return idToken === undefined
    ? undefined
    : textOf(objectAt(jwtClaims(idToken), AUTH_CLAIM)?.chatgpt_account_id);
}

/** The account of the login; of a client that read it out of a stub only the stub is taken off. */
function withAccount(head: RequestHead, accountId: string | undefined): RequestHead {
  if (accountId !== undefined) return { ...head, fields: withField(head.fields, ACCOUNT_FIELD, accountId) };
  const isOfStub = fieldValues(head.fields, ACCOUNT_FIELD).includes(STUB);
  return isOfStub ? { ...head, fields: withoutField(head.fields, ACCOUNT_FIELD) } : head;
}
