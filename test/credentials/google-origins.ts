import type { OriginHandler, SecureOrigin } from '../support/origins.ts';
import { secureOrigin } from '../support/origins.ts';
import { atHttpsPort } from './lab.ts';

/** Google's token endpoint. */
export const TOKEN_HOST = 'oauth2.googleapis.com';

/** The login that the proxy has, as `gcloud auth application-default login` writes it. */
export const LOGIN = {
  type: 'authorized_user',
  client_id: 'real-client.apps.googleusercontent.com',
  client_secret: 'GOCSPX-real-client-secret',
  refresh_token: '1//real-refresh-token-0123456789',
} as const;

/** A stand-in for Google's token endpoint, which knows one login. */
export interface TokenEndpoint extends SecureOrigin {
  /** The parameters of the requests that it got. */
  readonly asked: readonly Readonly<Record<string, string>>[];
  /** The access tokens that it gave; the last is the one that is good. */
  readonly given: readonly string[];
}

/** Starts it. */
export async function tokenEndpoint(): Promise<TokenEndpoint> {
  const asked: Record<string, string>[] = [];
  const given: string[] = [];
  const handler: OriginHandler = (request, response) => {
    let text = '';
    request.setEncoding('utf8');
    request.on('data', (piece: string) => {
      text += piece;
    });
    request.on('end', () => {
      const parameters = Object.fromEntries(new URLSearchParams(text));
      asked.push(parameters);
      const isKnown = parameters.refresh_token === LOGIN.refresh_token;
      response.writeHead(isKnown ? 200 : 400, { 'content-type': 'application/json' });
      if (!isKnown) return response.end('{"error":"invalid_grant"}');
      const token = `ya29.real-access-token-${given.length + 1}-0123456789`;
      given.push(token);
      return response.end(JSON.stringify({ access_token: token, expires_in: 3599, token_type: 'Bearer' }));
    });
  };
  const origin = await atHttpsPort((place) => secureOrigin(handler, { names: [TOKEN_HOST], ...place }));
  return Object.assign(origin, { asked, given });
}
