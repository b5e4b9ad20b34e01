import type { TokenRequest } from '../tokens/token-request.ts';
import type { ExchangeParts } from './provider.ts';

/** The request of RFC 6749 section 6; some servers want it in JSON. */
export function refreshRequest(
  url: string,
  { refreshToken, clientSecret }: ExchangeParts,
  options: { readonly clientId: string; readonly body: 'form' | 'json'; readonly scope?: string | undefined },
): TokenRequest {
  const { clientId, body, scope } = options;
  const parameters: Record<string, string> = {
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    client_id: clientId,
    ...(clientSecret === undefined ? {} : { client_secret: clientSecret }),
    ...(scope === undefined ? {} : { scope }),
  };
  return body === 'json'
    ? { url, headers: { 'content-type': 'application/json' }, body: JSON.stringify(parameters) }
    : {
        url,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams(parameters).toString(),
      };
}
