import { isStub, type Stubs } from '../request/stub.ts';
import type { Parameters } from './parameters.ts';

/** Grants by which clients get an access token, and the parameter that must be the stub (RFC 6749, 7523, 8693). */
const GRANTS: ReadonlyMap<string, string> = new Map([
  ['refresh_token', 'refresh_token'],
  ['urn:ietf:params:oauth:grant-type:jwt-bearer', 'assertion'],
  ['urn:ietf:params:oauth:grant-type:token-exchange', 'subject_token'],
]);

/** Parameters that carry no secret. What stands in any other must be a stub. */
const PUBLIC: ReadonlySet<string> = new Set([
  'grant_type',
  'client_id',
  'scope',
  'audience',
  'resource',
  'requested_token_type',
  'subject_token_type',
  'actor_token_type',
  'target_audience',
  'token_uri',
  'access_type',
  'include_granted_scopes',
  'redirect_uri',
]);

/**
 * Whether a request for a token comes from a holder of stubs.
 *
 * @returns why not, as a clause; undefined when it does.
 */
export function stubGrantFault(parameters: Parameters, stubs: Stubs): string | undefined {
  const grant = parameters.get('grant_type');
  const credential = grant === undefined ? undefined : GRANTS.get(grant);
  if (credential === undefined) {
    return 'a session holds only a stub to refresh; log in outside of the session and give the login to the proxy';
  }
  if (!parameters.get(credential)) return `the parameter ${credential} is missing`;
  for (const [name, value] of parameters) {
    if (!PUBLIC.has(name) && value !== '' && !isStub(value, stubs)) {
      const shown = /^[a-z_]{1,40}$/.test(name) ? name : 'with an odd name';
      return `the parameter ${shown} is something other than the stub of this session`;
    }
  }
  return undefined;
}
