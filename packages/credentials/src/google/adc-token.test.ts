import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { shown } from '../testing/shown.ts';
import { temporary } from '../testing/temporary.ts';
import { type Asked, parametersOf, type Reply, refusal, tokenServer } from '../testing/token-server.ts';
import { TokenFault } from '../tokens/access-token.ts';
import { jwtClaims } from '../tokens/jwt.ts';
import { readAdc } from './adc.ts';
import { type AdcTokenOptions, adcToken, CLOUD_PLATFORM } from './adc-token.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});

const USER = {
  type: 'authorized_user',
  client_id: 'client',
  client_secret: '5up3r-client-secret',
  refresh_token: '5up3r-refresh',
};

/** A token for these credentials. */
async function tokenFor(json: object, options: Partial<AdcTokenOptions> = {}) {
  const allowExecutable = options.allowExecutable ?? false;
  const adc = readAdc(JSON.stringify(json), { allowExecutable });
  if (typeof adc === 'string') throw new Error(adc);
  return adcToken(adc, { scopes: [CLOUD_PLATFORM], fetch: globalThis.fetch, ...options, allowExecutable });
}

/** Why there is none; nothing that anybody may print shows a secret. */
async function faultFor(json: object, options: Partial<AdcTokenOptions> = {}): Promise<TokenFault> {
  const printed = [vi.spyOn(console, 'log'), vi.spyOn(console, 'warn'), vi.spyOn(console, 'error')];
  const fault = await tokenFor(json, options).catch((error: unknown) => error);
  expect(fault).toBeInstanceOf(TokenFault);
  expect(shown([fault, printed.map(({ mock }) => mock.calls)])).not.toMatch(/5up3r|PRIVATE KEY|assertion=/);
  return fault as TokenFault;
}

/** Answers by path, and with 404 elsewhere. */
function byPath(replies: Readonly<Record<string, Reply>>) {
  return ({ path }: Asked): Reply => replies[path.split('?')[0] ?? ''] ?? refusal(404, {});
}

describe('adcToken() for authorized_user', () => {
  it('exchanges the refresh token at the endpoint that the file names', async () => {
    const server = await tokenServer(() => ({
      access_token: 'ya29.real',
      expires_in: 3599,
      token_type: 'Bearer',
    }));
    const before = Date.now();
    const token = await tokenFor({ ...USER, token_uri: `${server.url}/token` });
    expect(token.value).toBe('ya29.real');
    expect(token.expiresAtMs).toBeGreaterThanOrEqual(before + 3_590_000);
    expect(token.expiresAtMs).toBeLessThanOrEqual(Date.now() + 3_599_000);
    expect(server.asked.map(parametersOf)).toEqual([
      {
        grant_type: 'refresh_token',
        client_id: 'client',
        client_secret: '5up3r-client-secret',
        refresh_token: '5up3r-refresh',
      },
    ]);
  });

  it('asks Google where the file names no endpoint', async () => {
    const urls: string[] = [];
    const token = await tokenFor(USER, {
      fetch: async (url) => {
        urls.push(url);
        return Response.json({ access_token: 'ya29.real', expires_in: 3599 });
      },
    });
    expect(token.value).toBe('ya29.real');
    expect(urls).toEqual(['https://oauth2.googleapis.com/token']);
  });

  it('says that a login was revoked, and that trying again does not help', async () => {
    const { url } = await tokenServer(() =>
      refusal(400, { error: 'invalid_grant', error_description: 'Token 5up3r-refresh has been revoked.' }),
    );
    const fault = await faultFor({ ...USER, token_uri: url });
    expect(fault.message).toBe(`the token endpoint at ${new URL(url).host} answered 400 (invalid_grant)`);
    expect(fault.isPermanent).toBe(true);
  });

  it.each<[string, Reply]>([
    ['no JSON', (response) => response.end('<html>5up3r')],
    ['a redirect', (response) => response.writeHead(302, { location: 'https://example.com/' }).end()],
    ['a reset', (response) => response.destroy()],
    ['five hundred', refusal(500, { error: '5up3r' })],
    ['too much', (response) => response.on('error', () => undefined).end(Buffer.alloc(2_000_000, 0x20))],
  ])('gives no token and no secret away when the endpoint answers with %s', async (_, reply) => {
    const { url } = await tokenServer(() => reply);
    const outcome = await tokenFor({ ...USER, token_uri: url }).catch((error: unknown) => error);
    if (outcome instanceof TokenFault) expect(outcome.message).toContain(new URL(url).host);
    else expect(outcome).toMatchObject({ value: '' });
    expect(shown(outcome)).not.toContain('5up3r');
  });
});

it('follows no redirect of a token endpoint, which would carry the secret elsewhere', async () => {
  const thief = await tokenServer(() => ({ access_token: 'a', expires_in: 3600 }));
  const { url } = await tokenServer(
    () => (response) => response.writeHead(307, { location: `${thief.url}/token` }).end(),
  );
  expect((await faultFor({ ...USER, token_uri: url })).message).toContain('cannot be reached');
  expect(thief.asked).toEqual([]);
});

describe('adcToken() for service_account', () => {
  const SERVICE = {
    type: 'service_account',
    client_email: 'sa@p.iam.gserviceaccount.com',
    private_key: privateKey,
    private_key_id: 'key-1',
  };

  it('signs an assertion for the endpoint that the file names', async () => {
    const server = await tokenServer(() => ({ access_token: 'ya29.sa', expires_in: 3600 }));
    const token = await tokenFor(
      { ...SERVICE, token_uri: server.url },
      { scopes: ['https://a/', 'https://b/'] },
    );
    expect(token.value).toBe('ya29.sa');
    const [asked] = server.asked;
    const { grant_type, assertion } = asked ? parametersOf(asked) : {};
    expect(grant_type).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
    const [header = '', claims = '', signature = ''] = String(assertion).split('.');
    expect(
      verify(
        'sha256',
        Buffer.from(`${header}.${claims}`),
        createPublicKey(publicKey),
        Buffer.from(signature, 'base64url'),
      ),
    ).toBe(true);
    expect(jwtClaims(String(assertion))).toMatchObject({
      iss: 'sa@p.iam.gserviceaccount.com',
      aud: server.url,
      scope: 'https://a/ https://b/',
    });
  });

  it('signs the token itself in another universe', async () => {
    const { value } = await tokenFor({ ...SERVICE, universe_domain: 'apis.example' });
    expect(jwtClaims(value)).toMatchObject({ iss: 'sa@p.iam.gserviceaccount.com', scope: CLOUD_PLATFORM });
  });

  it('shows nothing of a key that is no key', async () => {
    const fault = await faultFor({ ...SERVICE, private_key: '-----BEGIN PRIVATE KEY-----\n5up3r' });
    expect(fault.message).toContain('the credentials cannot be used: a key in them');
  });
});

describe('adcToken() for external_account', () => {
  const federated = (url: string, credential_source: object) => ({
    type: 'external_account',
    audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: `${url}/sts`,
    credential_source,
  });
  const exchanged = {
    access_token: 'federated',
    expires_in: 3600,
    token_type: 'Bearer',
    issued_token_type: 'x',
  };

  it('exchanges a subject token that is in a file, and reads it anew each time', async () => {
    const server = await tokenServer(() => exchanged);
    const file = join(await temporary(), 'subject');
    const json = federated(server.url, { file });
    for (const subject of ['5up3r-subject-1', '5up3r-subject-2']) {
      await writeFile(file, subject);
      expect(await tokenFor(json)).toMatchObject({ value: 'federated' });
    }
    expect(server.asked.map((asked) => parametersOf(asked).subject_token)).toEqual([
      '5up3r-subject-1',
      '5up3r-subject-2',
    ]);
    expect(server.asked.map(({ path }) => path)).toEqual(['/sts', '/sts']);
  });

  it('reads a subject token out of JSON', async () => {
    const server = await tokenServer(() => exchanged);
    const file = join(await temporary(), 'subject.json');
    await writeFile(file, JSON.stringify({ id: '5up3r-subject' }));
    const format = { type: 'json', subject_token_field_name: 'id' };
    await tokenFor(federated(server.url, { file, format }));
    expect(server.asked.map((asked) => parametersOf(asked).subject_token)).toEqual(['5up3r-subject']);
  });

  it('asks a URL for the subject token, with the fields that it wants', async () => {
    const server = await tokenServer(byPath({ '/subject': { value: '5up3r-subject' }, '/sts': exchanged }));
    const source = {
      url: `${server.url}/subject?audience=x`,
      headers: { 'x-metadata': 'true' },
      format: { type: 'json', subject_token_field_name: 'value' },
    };
    expect(await tokenFor(federated(server.url, source))).toMatchObject({ value: 'federated' });
    expect(server.asked).toMatchObject([
      { method: 'GET', path: '/subject?audience=x', headers: { 'x-metadata': 'true' } },
      { method: 'POST', path: '/sts' },
    ]);
  });

  it('goes on to the service account that it may impersonate', async () => {
    const expireTime = new Date(Date.now() + 3_600_000).toISOString();
    const server = await tokenServer(
      byPath({ '/sts': exchanged, '/impersonate': { accessToken: 'ya29.sa', expireTime } }),
    );
    const file = join(await temporary(), 'subject');
    await writeFile(file, '5up3r-subject');
    const json = {
      ...federated(server.url, { file }),
      service_account_impersonation_url: `${server.url}/impersonate`,
    };
    expect(await tokenFor(json)).toEqual({ value: 'ya29.sa', expiresAtMs: Date.parse(expireTime) });
    expect(server.asked[1]).toMatchObject({
      path: '/impersonate',
      headers: { authorization: 'Bearer federated' },
    });
  });

  it('says what the endpoint answered, and nothing of the subject token', async () => {
    const { url } = await tokenServer(() =>
      refusal(400, { error: 'invalid_target', error_description: '5up3r-subject is for another audience' }),
    );
    const file = join(await temporary(), 'subject');
    await writeFile(file, '5up3r-subject');
    const fault = await faultFor(federated(url, { file }));
    expect(fault.message).toBe(`the token endpoint at ${new URL(url).host} answered 400 (invalid_target)`);
  });

  it('says so when the subject token cannot be had', async () => {
    const server = await tokenServer(() => refusal(404, {}));
    const missing = await faultFor(federated(server.url, { file: '/nonexistent/5up3r' }));
    expect(missing.message).toContain('the file with the subject token, is not right');
    const absent = await faultFor(federated(server.url, { url: `${server.url}/none` }));
    expect(absent.message).toContain('answered 404');
    expect(server.asked.every(({ path }) => path === '/none')).toBe(true);
    const other = await tokenServer(() => ({ unexpected: '5up3r' }));
    const format = { type: 'json', subject_token_field_name: 'value' };
    const unread = await faultFor(federated(other.url, { url: `${other.url}/subject`, format }));
    expect(unread.message).toContain('answered with something that cannot be used');
  });

  it('runs a program only where both the route and the environment of the proxy allow it', async () => {
    const server = await tokenServer(() => exchanged);
    const command = join(await temporary(), 'program');
    const subject = { version: 1, success: true, token_type: 'urn:ietf:params:oauth:token-type:jwt' };
    await writeFile(
      command,
      `#!/bin/sh\necho '${JSON.stringify({ ...subject, id_token: '5up3r-subject' })}'\n`,
    );
    await chmod(command, 0o700);
    const json = federated(server.url, { executable: { command, timeout_millis: 20_000 } });
    expect(readAdc(JSON.stringify(json), { allowExecutable: false })).toContain('names a program to run');
    const fault = await faultFor(json, { allowExecutable: true });
    expect(fault.message).toContain('only where the proxy has GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES=1');
    expect(server.asked).toEqual([]);
    vi.stubEnv('GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES', '1');
    try {
      expect(await tokenFor(json, { allowExecutable: true })).toMatchObject({ value: 'federated' });
    } finally {
      vi.unstubAllEnvs();
    }
    expect(server.asked.map((asked) => parametersOf(asked).subject_token)).toEqual(['5up3r-subject']);
  });

  it('refreshes the login of a workforce user', async () => {
    const server = await tokenServer(() => ({ access_token: 'workforce', expires_in: 3600 }));
    const json = {
      ...USER,
      type: 'external_account_authorized_user',
      audience: 'x',
      token_url: `${server.url}/oauth`,
    };
    expect(await tokenFor(json)).toMatchObject({ value: 'workforce' });
    expect(server.asked.map(parametersOf)).toEqual([
      { grant_type: 'refresh_token', refresh_token: '5up3r-refresh' },
    ]);
  });
});

describe('adcToken() for impersonated_service_account', () => {
  const expireTime = new Date(Date.now() + 3_600_000).toISOString();
  const impersonating = (url: string) => ({
    type: 'impersonated_service_account',
    service_account_impersonation_url: `${url}/v1/x:generateAccessToken`,
    delegates: ['d1'],
    source_credentials: { ...USER, token_uri: `${url}/token` },
  });

  it('exchanges the token of the source for one of the service account', async () => {
    const server = await tokenServer(
      byPath({
        '/token': { access_token: '5up3r-source', expires_in: 3600 },
        '/v1/x:generateAccessToken': { accessToken: 'ya29.sa', expireTime },
      }),
    );
    const token = await tokenFor(impersonating(server.url), { scopes: ['https://a/'] });
    expect(token).toEqual({ value: 'ya29.sa', expiresAtMs: Date.parse(expireTime) });
    expect(server.asked[1]?.headers.authorization).toBe('Bearer 5up3r-source');
    expect(JSON.parse(server.asked[1]?.body ?? '')).toEqual({
      delegates: ['d1'],
      scope: ['https://a/'],
      lifetime: '3600s',
    });
  });

  it('says what the endpoint of the service account answered', async () => {
    const { url } = await tokenServer(
      byPath({
        '/token': { access_token: '5up3r-source', expires_in: 3600 },
        '/v1/x:generateAccessToken': refusal(403, {
          error: { status: 'PERMISSION_DENIED', message: '5up3r' },
        }),
      }),
    );
    expect((await faultFor(impersonating(url))).message).toContain('answered 403 (PERMISSION_DENIED)');
    const broken = { ...impersonating(url), service_account_impersonation_url: 'no url 5up3r' };
    expect((await faultFor(broken)).message).toBe('service_account_impersonation_url is no URL');
  });
});
