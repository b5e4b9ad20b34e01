import type { AuthClient } from 'google-auth-library';
import { objectAt, textOf } from '../json.ts';
import { type AccessToken, TokenFault } from '../tokens/access-token.ts';
import { askTokenEndpoint, type Fetch } from '../tokens/token-request.ts';
import { type Adc, type AdcRules, checkAdc } from './adc.ts';
import { adcClient } from './adc-client.ts';
import { googleFetch } from './google-fetch.ts';

/** The endpoint that google-auth-library has built in. */
const LIBRARY_TOKEN_URL = 'https://oauth2.googleapis.com/token';

/** The scope that covers every Google Cloud API; what may be done is then up to IAM. */
export const CLOUD_PLATFORM = 'https://www.googleapis.com/auth/cloud-platform';

/** How a token is got. */
export interface AdcTokenOptions extends AdcRules {
  readonly scopes: readonly string[];
  readonly fetch: Fetch;
}

/**
 * A new access token for Application Default Credentials.
 *
 * @throws TokenFault
 */
export async function adcToken(adc: Adc, options: AdcTokenOptions): Promise<AccessToken> {
  if (adc.type === 'impersonated_service_account') return impersonate(adc, options);
  // Loaded when it is needed: a proxy without Google credentials does without its memory.
  const library = await import('google-auth-library');
  const tokenUri = textOf(adc.json.token_uri);
  const ownUri = tokenUri ?? `https://oauth2.${adc.universeDomain}/token`;
  const fetcher = googleFetch(options.fetch, new Map([[LIBRARY_TOKEN_URL, ownUri]]));
  const transporter = new library.gaxios.Gaxios({ fetchImplementation: fetcher.fetch, retry: false });
  try {
    const client = adcClient(library, adc, { transporter, tokenUri: ownUri, scopes: options.scopes });
    return await tokenOf(client, adc);
  } catch {
    throw fetcher.fault() ?? new TokenFault(unusable(adc));
  }
}

/** What may be wrong where nothing was asked. The error of the library is not used: it quotes keys and answers. */
function unusable({ json }: Adc): string {
  return objectAt(json, 'credential_source', 'executable') === undefined
    ? 'the credentials cannot be used: a key in them, or the file with the subject token, is not right'
    : 'the program of credential_source.executable gave no token; it runs only where the proxy has GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES=1';
}

async function tokenOf(client: AuthClient, adc: Adc): Promise<AccessToken> {
  if (adc.type === 'service_account' && adc.universeDomain !== 'googleapis.com') {
    // Other universes have no token endpoint for these; the library signs the token itself, for an hour.
    const headers = await client.getRequestHeaders();
    const value = (headers.get('authorization') ?? '').replace(/^Bearer /, '');
    return { value, expiresAtMs: Date.now() + 3_600_000 };
  }
  const { token } = await client.getAccessToken();
  return { value: token ?? '', expiresAtMs: client.credentials.expiry_date ?? undefined };
}

/**
 * A token of the service account that the credentials may impersonate. Asked for here and not by the library, whose class
 * for it prints to the console and hands its transporter on to nobody.
 */
async function impersonate(adc: Adc, options: AdcTokenOptions): Promise<AccessToken> {
  const { json } = adc;
  const source = checkAdc(objectAt(json, 'source_credentials') ?? {}, options, 1);
  if (typeof source === 'string') throw new TokenFault(`the file ${source}`, { isPermanent: true });
  const { value } = await adcToken(source, { ...options, scopes: [CLOUD_PLATFORM] });
  const delegates = Array.isArray(json.delegates) ? json.delegates : [];
  const answer = await askTokenEndpoint(options.fetch, {
    url: impersonationUrl(textOf(json.service_account_impersonation_url) ?? ''),
    headers: { authorization: `Bearer ${value}`, 'content-type': 'application/json' },
    body: JSON.stringify({ delegates, scope: options.scopes, lifetime: '3600s' }),
  });
  const expiresAtMs = Date.parse(textOf(answer.expireTime) ?? '');
  return {
    value: textOf(answer.accessToken) ?? '',
    expiresAtMs: Number.isNaN(expiresAtMs) ? undefined : expiresAtMs,
  };
}

function impersonationUrl(text: string): string {
  if (URL.canParse(text)) return text;
  throw new TokenFault('service_account_impersonation_url is no URL', { isPermanent: true });
}
