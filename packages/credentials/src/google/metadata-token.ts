import { textOf } from '../json.ts';
import type { AccessToken } from '../tokens/access-token.ts';
import { TokenFault } from '../tokens/access-token.ts';
import { askTokenEndpoint, type Fetch } from '../tokens/token-request.ts';

/** The address of the metadata server of Google Cloud, reachable from the proxy itself only. */
const METADATA_SERVER = 'http://169.254.169.254';

/**
 * A new access token of the service account of the machine or pod that we run in.
 *
 * @throws TokenFault
 */
export async function metadataToken(
  fetch: Fetch,
  { scopes, server = METADATA_SERVER }: { readonly scopes: readonly string[]; readonly server?: string },
): Promise<AccessToken> {
  const path = '/computeMetadata/v1/instance/service-accounts/default/token';
  const answer = await askTokenEndpoint(fetch, {
    url: `${server}${path}?scopes=${encodeURIComponent(scopes.join(','))}`,
    method: 'GET',
    headers: { 'metadata-flavor': 'Google' },
  });
  const value = textOf(answer.access_token);
  if (value === undefined) throw new TokenFault('the metadata server gave no access token');
  const lifeS = Number(answer.expires_in);
  return { value, expiresAtMs: lifeS > 0 ? Date.now() + lifeS * 1000 : undefined };
}
