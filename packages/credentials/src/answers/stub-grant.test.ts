import { describe, expect, it } from 'vitest';
import { STUB, stubsOf } from '../request/stub.ts';
import { unsignedJwt } from '../tokens/jwt.ts';
import { stubGrantFault } from './stub-grant.ts';

const stubs = stubsOf(['sk-ant-ort01-paude-proxy-managed']);
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';

function faultOf(parameters: Readonly<Record<string, string>>): string | undefined {
  return stubGrantFault(new Map(Object.entries(parameters)), stubs);
}

describe('stubGrantFault()', () => {
  it.each<Readonly<Record<string, string>>>([
    { grant_type: 'refresh_token', refresh_token: STUB },
    { grant_type: 'refresh_token', refresh_token: 'sk-ant-ort01-paude-proxy-managed', client_id: 'public' },
    { grant_type: 'refresh_token', refresh_token: STUB, client_id: STUB, client_secret: STUB, scope: 'a b' },
    { grant_type: 'refresh_token', refresh_token: STUB, client_secret: '' },
    { grant_type: JWT_BEARER, assertion: unsignedJwt({ iss: 'x' }, STUB) },
    { grant_type: EXCHANGE, subject_token: STUB, subject_token_type: 'urn:x', audience: '//iam/x' },
  ])('has nothing against %j', (parameters) => {
    expect(faultOf(parameters)).toBeUndefined();
  });

  it.each<[Readonly<Record<string, string>>, string]>([
    [
      { grant_type: 'refresh_token', refresh_token: '1//0real' },
      'the parameter refresh_token is something other',
    ],
    [
      { grant_type: 'refresh_token', refresh_token: `${STUB}x` },
      'the parameter refresh_token is something other',
    ],
    [{ grant_type: 'refresh_token', refresh_token: `${STUB} 1//0real` }, 'something other than the stub'],
    [{ grant_type: 'refresh_token' }, 'the parameter refresh_token is missing'],
    [{ grant_type: 'refresh_token', refresh_token: '' }, 'the parameter refresh_token is missing'],
    [{ refresh_token: STUB }, 'a session holds only a stub to refresh'],
    [{ grant_type: 'Refresh_Token', refresh_token: STUB }, 'a session holds only a stub to refresh'],
    [
      { grant_type: 'refresh_token', refresh_token: STUB, client_secret: 'GOCSPX-real' },
      'the parameter client_secret is something other',
    ],
    [
      { grant_type: 'refresh_token', refresh_token: STUB, 'sk-real-1': 'x' },
      'the parameter with an odd name is something other',
    ],
    [{ grant_type: JWT_BEARER, assertion: 'a.b.c' }, 'the parameter assertion is something other'],
    [{ grant_type: JWT_BEARER, refresh_token: STUB }, 'the parameter assertion is missing'],
    [{ grant_type: EXCHANGE, subject_token: 'ya29.real' }, 'the parameter subject_token is something other'],
    [
      { grant_type: EXCHANGE, subject_token: STUB, actor_token: 'ya29.real' },
      'the parameter actor_token is something other',
    ],
    [{ grant_type: 'authorization_code', code: STUB }, 'log in outside of the session'],
    [{ grant_type: 'client_credentials', client_secret: STUB }, 'log in outside of the session'],
    [{ grant_type: 'password', password: STUB }, 'log in outside of the session'],
    [{ grant_type: 'urn:ietf:params:oauth:grant-type:device_code' }, 'log in outside of the session'],
    [{ grant_type: 'constructor', refresh_token: STUB }, 'log in outside of the session'],
  ])('refuses %j', (parameters, why) => {
    const fault = faultOf(parameters);
    expect(fault).toContain(why);
    expect(fault).not.toMatch(/real/);
  });
});
