import { UserRefreshClient } from 'google-auth-library';
import { describe, expect, it } from 'vitest';
import { STUB, stubsOf } from '../request/stub.ts';
import { request } from '../testing/request.ts';
import { unsignedJwt } from '../tokens/jwt.ts';
import { GoogleAnswerer } from './google-answerer.ts';

const answerer = new GoogleAnswerer({ route: 'google', stubs: stubsOf() });
const FORM = 'application/x-www-form-urlencoded';
const REFRESH = { grant_type: 'refresh_token', refresh_token: STUB, client_id: STUB, client_secret: STUB };

interface Post {
  readonly host?: string;
  readonly path?: string;
  readonly method?: string;
  readonly type?: string;
  readonly body?: Readonly<Record<string, string>> | string;
}

function ask({
  host = 'oauth2.googleapis.com',
  path = '/token',
  method = 'POST',
  type = FORM,
  body = REFRESH,
}: Post) {
  const head = request({ host, path, method, fields: [['content-type', type]] });
  const text = typeof body === 'string' ? body : String(new URLSearchParams(body));
  if (!answerer.mayAnswer(head)) return undefined;
  const answer = answerer.answer(head, Buffer.from(text));
  return answer && { ...answer, json: JSON.parse(answer.body) };
}

describe('GoogleAnswerer at token endpoints', () => {
  it.each([
    ['oauth2.googleapis.com', '/token'],
    ['www.googleapis.com', '/oauth2/v4/token'],
    ['www.googleapis.com', '/oauth2/v3/token'],
    ['accounts.google.com', '/o/oauth2/token'],
    ['sts.googleapis.com', '/v1/token'],
    ['sts.googleapis.com', '/v1/oauthtoken'],
    ['oauth2.mtls.googleapis.com', '/token'],
    ['sts.us-east1.rep.googleapis.com', '/v1/token'],
    ['oauth2.apis-example.goog', '/token'],
    ['oauth2.googleapis.com', '//x/%2e%2e/%74oken/'],
  ])('gives at %s%s a stub for a stub', (host, path) => {
    expect(ask({ host, path })).toMatchObject({
      kind: 'vended',
      route: 'google',
      status: 200,
      json: { access_token: STUB, token_type: 'Bearer', expires_in: 3599 },
    });
  });

  it('tells nobody to keep the answer', () => {
    expect(ask({})?.fields).toEqual(
      expect.arrayContaining([
        ['content-type', 'application/json; charset=utf-8'],
        ['cache-control', 'no-store'],
      ]),
    );
  });

  it('gives the scope that was asked for', () => {
    expect(ask({ body: { ...REFRESH, scope: 'a b' } })?.json.scope).toBe('a b');
    expect(ask({})?.json.scope).toBe('https://www.googleapis.com/auth/cloud-platform');
  });

  it('answers a token exchange as RFC 8693 wants it', () => {
    const body = {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: STUB,
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    };
    expect(ask({ host: 'sts.googleapis.com', path: '/v1/token', body })?.json).toMatchObject({
      access_token: STUB,
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    });
  });

  it('takes an assertion that nobody signed', () => {
    const grant_type = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
    expect(ask({ body: { grant_type, assertion: unsignedJwt({ iss: 'x' }, STUB) } })?.kind).toBe('vended');
    expect(ask({ body: { grant_type, assertion: unsignedJwt({ iss: 'x' }, 'c2lnbmVk') } })?.kind).toBe(
      'refused',
    );
  });

  it.each<[string, Post, string]>([
    [
      'a real refresh token',
      { body: { ...REFRESH, refresh_token: '1//0r34l' } },
      'refresh_token is something other',
    ],
    [
      'a real client secret',
      { body: { ...REFRESH, client_secret: 'GOCSPX-r34l' } },
      'client_secret is something',
    ],
    [
      'a real token beside the stub',
      { body: { ...REFRESH, token: 'ya29.r34l' } },
      'token is something other',
    ],
    [
      'two refresh tokens',
      { body: `${new URLSearchParams(REFRESH)}&refresh_token=1//0r34l` },
      'stands there twice',
    ],
    ['a code of a login', { body: { grant_type: 'authorization_code', code: '4/r34l' } }, 'log in outside'],
    ['parameters in the query', { path: '/token?refresh_token=1//0r34l' }, 'parameters stand in the query'],
    ['no form', { type: 'text/plain' }, 'neither a form nor JSON'],
    ['a GET', { method: 'GET' }, 'a token endpoint takes POST'],
    ['nothing', { body: '' }, 'log in outside'],
  ])('refuses %s, says why, and does not repeat it', (_, post, why) => {
    const answer = ask(post);
    expect(answer).toMatchObject({ kind: 'refused', reason: 'stub-required', status: 400 });
    expect(answer?.detail).toContain(why);
    expect(answer?.json.error_description).toContain(`(stub-required): ${answer?.detail}`);
    expect(answer?.body).not.toContain('r34l');
  });

  it.each([
    ['oauth2.googleapis.com', '/tokeninfo'],
    ['oauth2.googleapis.com', '/revoke'],
    ['www.googleapis.com', '/token'],
    ['us-central1-aiplatform.googleapis.com', '/token'],
    ['sts.googleapis.com', '/v1/introspect'],
  ])('leaves %s%s to the service', (host, path) => {
    expect(ask({ host, path })).toBeUndefined();
  });
});

describe('GoogleAnswerer at the endpoint of service accounts', () => {
  const host = 'iamcredentials.googleapis.com';
  const account = '/v1/projects/-/serviceAccounts/sa@p.iam.gserviceaccount.com';

  it('gives a stub access token', () => {
    const answer = ask({
      host,
      path: `${account}:generateAccessToken`,
      body: '{}',
      type: 'application/json',
    });
    expect(answer).toMatchObject({ kind: 'vended', status: 200, json: { accessToken: STUB } });
    expect(Date.parse(answer?.json.expireTime)).toBeGreaterThan(Date.now() + 3_500_000);
    expect(answer?.json.expireTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  it.each<[string, string]>([
    ['POST', `${account}:generateIdToken`],
    ['POST', `${account}:signJwt`],
    ['POST', `${account}:signBlob`],
    ['GET', `${account}/allowedLocations`],
    ['GET', `${account}:generateAccessToken`],
    ['POST', '/v1/projects/-/serviceAccounts/a/b:generateAccessToken'],
    ['POST', '/google.iam.credentials.v1.IAMCredentials/GenerateAccessToken'],
    ['POST', '/batch'],
    ['POST', '/'],
  ])('keeps %s %s closed', (method, path) => {
    for (const name of [
      host,
      'iamcredentials.mtls.googleapis.com',
      'iamcredentials.us-east1.rep.googleapis.com',
    ]) {
      expect(ask({ host: name, path, method, body: '{}' })).toMatchObject({
        kind: 'refused',
        reason: 'endpoint-closed',
        status: 403,
      });
    }
  });
});

it('satisfies a client library of Google that holds stubs alone', async () => {
  const asked: string[] = [];
  const client = new UserRefreshClient({
    clientId: STUB,
    clientSecret: STUB,
    refreshToken: STUB,
    transporterOptions: {
      fetchImplementation: async (input, init) => {
        const url = new URL(String(input));
        asked.push(url.href);
        const { body, headers } = new Request(url, init as RequestInit);
        const text = await new Response(body).text();
        const head = request({ method: 'POST', host: url.host, path: url.pathname, fields: [...headers] });
        const answer = answerer.answer(head, Buffer.from(text));
        return new Response(answer?.body ?? null, {
          status: answer?.status ?? 500,
          headers: [...(answer?.fields ?? [])].map(([name, value]) => [name, value]),
        });
      },
    },
  });
  expect((await client.getAccessToken()).token).toBe(STUB);
  expect(asked).toEqual(['https://oauth2.googleapis.com/token']);
});
