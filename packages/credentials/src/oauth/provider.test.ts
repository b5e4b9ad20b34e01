import { describe, expect, it } from 'vitest';
import type { Field } from '../request/request-head.ts';
import { STUB } from '../request/stub.ts';
import { request } from '../testing/request.ts';
import { jwtClaims, jwtExpiryMs, unsignedJwt } from '../tokens/jwt.ts';
import { CLAUDE } from './claude.ts';
import { CODEX } from './codex.ts';
import { CURSOR } from './cursor.ts';
import type { OAuthProvider } from './provider.ts';
import { providerOf } from './provider-of.ts';

const AUTH = 'https://api.openai.com/auth';

function completed(provider: OAuthProvider, fields: readonly Field[], accountId?: string): unknown {
  return provider.complete?.(request({ fields }), accountId).fields;
}

describe('CLAUDE', () => {
  it('reads a login of Claude Code', () => {
    const login = { accessToken: 'a', refreshToken: 'r', expiresAt: 5, scopes: ['user:inference'] };
    expect(CLAUDE.readLogin(JSON.stringify({ claudeAiOauth: login }))).toEqual({
      accessToken: 'a',
      refreshToken: 'r',
      expiresAtMs: 5,
      accountId: undefined,
    });
    expect(CLAUDE.readLogin('{"claudeAiOauth":{"refreshToken":"r","expiresAt":"soon"}}')).toMatchObject({
      expiresAtMs: undefined,
    });
  });

  it.each<[string, readonly Field[], readonly Field[]]>([
    ['nothing', [], [['anthropic-beta', 'oauth-2025-04-20']]],
    ['other betas', [['Anthropic-Beta', 'a-1, b-2']], [['anthropic-beta', 'a-1,b-2,oauth-2025-04-20']]],
    [
      'betas in two fields',
      [
        ['anthropic-beta', 'a-1'],
        ['Anthropic-Beta', 'b-2'],
      ],
      [['anthropic-beta', 'a-1,b-2,oauth-2025-04-20']],
    ],
    [
      'the beta already',
      [['anthropic-beta', 'a-1,oauth-2025-04-20']],
      [['anthropic-beta', 'a-1,oauth-2025-04-20']],
    ],
  ])('asks for OAuth in a request that asks for %s', (_, fields, expected) => {
    expect(completed(CLAUDE, fields)).toEqual(expected);
  });

  it('tells a client that refreshes nothing but stubs', () => {
    expect(CLAUDE.vended(STUB)).toMatchObject({
      access_token: STUB,
      refresh_token: STUB,
      expires_in: 28_800,
    });
  });
});

describe('CODEX', () => {
  const idToken = unsignedJwt({ [AUTH]: { chatgpt_account_id: 'from-id' } }, 'x');

  it.each<[object, string | undefined]>([
    [{ account_id: 'acct', id_token: idToken }, 'acct'],
    [{ id_token: idToken }, 'from-id'],
    [{ id_token: 'no jwt' }, undefined],
    [{}, undefined],
  ])('reads the account of a login: %#', (tokens, accountId) => {
    const access_token = unsignedJwt({ exp: 7 }, 'x');
    const text = JSON.stringify({ tokens: { access_token, refresh_token: 'r', ...tokens } });
    expect(CODEX.readLogin(text)).toEqual({
      accessToken: access_token,
      refreshToken: 'r',
      expiresAtMs: 7000,
      accountId,
    });
  });

  it('reads no login with an API key, which has no refresh token', () => {
    expect(CODEX.readLogin('{"auth_mode":"apikey","OPENAI_API_KEY":"sk-x","tokens":null}')).toBeUndefined();
  });

  it('names the account of the login, whatever the client says', () => {
    expect(completed(CODEX, [['ChatGPT-Account-ID', 'other']], 'acct')).toEqual([
      ['chatgpt-account-id', 'acct'],
    ]);
    expect(completed(CODEX, [['ChatGPT-Account-ID', STUB]])).toEqual([]);
    expect(completed(CODEX, [['ChatGPT-Account-ID', 'other']])).toEqual([['ChatGPT-Account-ID', 'other']]);
  });

  it('tells a client that refreshes nothing but stubs, out of which it can read what it wants to know', () => {
    const vended = { ...CODEX.vended(STUB) } as Record<string, string>;
    expect(vended.refresh_token).toBe(STUB);
    expect(jwtExpiryMs(vended.access_token ?? '')).toBeGreaterThan(Date.now() + 3.15e10);
    expect(jwtClaims(vended.id_token ?? '')).toEqual({
      email: `${STUB}@session.invalid`,
      [AUTH]: { chatgpt_account_id: STUB, chatgpt_user_id: STUB, chatgpt_plan_type: 'plus' },
    });
    for (const token of [vended.access_token, vended.id_token]) expect(token?.split('.')[2]).toBe(STUB);
  });
});

describe('CURSOR', () => {
  it('exchanges the API key for a token', () => {
    expect(CURSOR.exchange({ refreshToken: 'key_1', clientSecret: undefined })).toEqual({
      url: 'https://api2.cursor.sh/auth/exchange_user_api_key',
      headers: { authorization: 'Bearer key_1', 'content-type': 'application/json' },
      body: '{}',
    });
  });

  it('tells a client that exchanges its stub of a token that lasts an hour', () => {
    const vended = { ...CURSOR.vended(STUB) } as Record<string, string>;
    const lastsMs = (jwtExpiryMs(vended.accessToken ?? '') ?? 0) - Date.now();
    expect(lastsMs).toBeGreaterThan(3_590_000);
    expect(lastsMs).toBeLessThanOrEqual(3_600_000);
    expect(vended.refreshToken).toBe(STUB);
  });
});

describe('providerOf()', () => {
  it('knows the ones that it names', () => {
    expect([providerOf('claude'), providerOf('codex'), providerOf('cursor')]).toEqual([
      CLAUDE,
      CODEX,
      CURSOR,
    ]);
  });

  it.each([
    ['https://Login.Example.com/oauth/token', { host: 'login.example.com', port: 443, path: '/oauth/token' }],
    ['https://login.example.com:8443/token?x=1', { host: 'login.example.com', port: 8443, path: '/token' }],
    ['http://localhost/token', { host: 'localhost', port: 80, path: '/token' }],
    ['https://[::1]:8443/token', { host: '::1', port: 8443, path: '/token' }],
  ])('answers for the endpoint %s', (tokenEndpoint, endpoint) => {
    const provider = providerOf({ tokenEndpoint, clientId: 'x' });
    expect(provider.vends).toEqual([endpoint]);
    expect(provider.vended(STUB)).toMatchObject({ access_token: STUB, refresh_token: STUB });
  });
});
