import { describe, expect, it } from 'vitest';
import type { Field } from '../request/request-head.ts';
import { STUB, stubsOf } from '../request/stub.ts';
import { request } from '../testing/request.ts';
import { unsignedJwt } from '../tokens/jwt.ts';
import { CLAUDE } from './claude.ts';
import { CODEX } from './codex.ts';
import { CURSOR } from './cursor.ts';
import { OAuthAnswerer } from './oauth-answerer.ts';
import type { OAuthProvider } from './provider.ts';
import { providerOf } from './provider-of.ts';

const CUSTOM = providerOf({ tokenEndpoint: 'https://login.example.com:8443/oauth/token', clientId: 'x' });
const JSON_TYPE: Field = ['content-type', 'application/json'];
const FORM: Field = ['content-type', 'application/x-www-form-urlencoded'];

interface Post {
  readonly host: string;
  readonly port?: number;
  readonly path: string;
  readonly method?: string;
  readonly fields?: readonly Field[];
  readonly body?: string;
}

function ask(
  provider: OAuthProvider,
  { method = 'POST', fields = [JSON_TYPE], body = refresh(), ...at }: Post,
) {
  const answerer = new OAuthAnswerer(provider, { route: 'login', stubs: stubsOf(['sk-ant-ort01-stub']) });
  const head = request({ method, fields, ...at });
  expect(answerer.mayAnswer(head)).toBe(answerer.answer(head, Buffer.from(body)) !== undefined);
  return answerer.answer(head, Buffer.from(body));
}

function refresh(refreshToken: string = STUB): string {
  return JSON.stringify({ grant_type: 'refresh_token', refresh_token: refreshToken, client_id: 'public' });
}

const CLAUDE_AT = { host: 'platform.claude.com', path: '/v1/oauth/token' };
const CODEX_AT = { host: 'auth.openai.com', path: '/oauth/token' };
const CURSOR_AT = { host: 'api2.cursor.sh', path: '/auth/exchange_user_api_key', body: '{}' };

describe('OAuthAnswerer', () => {
  it.each<[OAuthProvider, Post]>([
    [CLAUDE, CLAUDE_AT],
    [CLAUDE, { ...CLAUDE_AT, host: 'console.anthropic.com' }],
    [CLAUDE, { ...CLAUDE_AT, host: 'api.anthropic.com' }],
    [CLAUDE, { ...CLAUDE_AT, body: refresh('sk-ant-ort01-stub') }],
    [CLAUDE, { ...CLAUDE_AT, path: '//v1/x/%2e%2e/OAuth/%74oken/' }],
    [CODEX, CODEX_AT],
    [CODEX, { ...CODEX_AT, fields: [FORM], body: `grant_type=refresh_token&refresh_token=${STUB}` }],
    [CUSTOM, { host: 'login.example.com', port: 8443, path: '/oauth/token' }],
  ])('gives a stub for a stub: %#', (provider, post) => {
    const answer = ask(provider, post);
    expect(answer).toMatchObject({ kind: 'vended', route: 'login', status: 200 });
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({ refresh_token: STUB });
  });

  it.each<[string, Post, string]>([
    [
      'a real refresh token',
      { ...CLAUDE_AT, body: refresh('sk-ant-ort01-r34l') },
      'refresh_token is something other',
    ],
    [
      'a stub that goes on',
      { ...CLAUDE_AT, body: refresh(`${STUB}r34l`) },
      'refresh_token is something other',
    ],
    [
      'a login, which would bring a real token into the session',
      { ...CLAUDE_AT, body: '{"grant_type":"authorization_code","code":"r34l","code_verifier":"x"}' },
      'log in outside of the session',
    ],
    ['two refresh tokens', { ...CLAUDE_AT, body: `{"refresh_token":"r34l",${refresh().slice(1)}` }, 'twice'],
    ['a body without a type', { ...CLAUDE_AT, fields: [] }, 'there is not exactly one content-type'],
    ['no body', { ...CLAUDE_AT, body: '' }, 'the body is not JSON'],
    ['a GET', { ...CLAUDE_AT, method: 'GET' }, 'a token endpoint takes POST'],
  ])('refuses %s, and does not repeat it', (_, post, why) => {
    const answer = ask(CLAUDE, post);
    expect(answer).toMatchObject({
      kind: 'refused',
      reason: 'stub-required',
      detail: expect.stringContaining(why),
    });
    expect(answer?.body).not.toContain('r34l');
  });

  it.each<[OAuthProvider, Post]>([
    [CLAUDE, { host: 'api.anthropic.com', path: '/v1/messages' }],
    [CLAUDE, { ...CLAUDE_AT, port: 8443 }],
    [CLAUDE, CODEX_AT],
    [CUSTOM, { host: 'login.example.com', path: '/oauth/token' }],
    [CURSOR, { host: 'api2.cursor.sh', path: '/auth/usage' }],
    [CURSOR, { ...CURSOR_AT, host: 'notcursor.sh' }],
  ])('leaves other requests to the service: %#', (provider, post) => {
    expect(ask(provider, post)).toBeUndefined();
  });
});

describe('OAuthAnswerer for Cursor, whose clients put the key into a field', () => {
  it.each([`Bearer ${STUB}`, STUB, `Bearer ${unsignedJwt({ sub: STUB }, STUB)}`])(
    'gives a stub for %s',
    (value) => {
      for (const host of ['api2.cursor.sh', 'api5.cursor.sh', 'cursor.sh']) {
        const answer = ask(CURSOR, { ...CURSOR_AT, host, fields: [['Authorization', value]] });
        expect(answer?.kind).toBe('vended');
        expect(JSON.parse(answer?.body ?? '').accessToken.split('.')[2]).toBe(STUB);
      }
    },
  );

  it.each<[string, readonly Field[]]>([
    ['a real key', [['authorization', 'Bearer key_r34l']]],
    ['no key', []],
    ['an empty key', [['authorization', ' ']]],
    [
      'a stub and a real key',
      [
        ['authorization', `Bearer ${STUB}`],
        ['Authorization', 'Bearer key_r34l'],
      ],
    ],
  ])('refuses %s', (_, fields) => {
    const answer = ask(CURSOR, { ...CURSOR_AT, fields });
    expect(answer).toMatchObject({ kind: 'refused', reason: 'stub-required' });
    expect(answer?.body).not.toContain('r34l');
  });
});
