import { GoogleAuth, UserRefreshClient } from 'google-auth-library';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { untilTestEnds } from '../../../../test/support/teardown.ts';
import { temporaryDirectory } from '../../../../test/support/temporary.ts';
import type { Answerer } from '../answers/answer.ts';
import { GoogleAnswerer } from '../google/google-answerer.ts';
import { CLAUDE } from '../oauth/claude.ts';
import { CODEX } from '../oauth/codex.ts';
import { OAuthAnswerer } from '../oauth/oauth-answerer.ts';
import { isStub, STUB, stubsOf } from '../request/stub.ts';
import { request } from '../testing/request.ts';
import { jwtClaims, jwtExpiryMs } from '../tokens/jwt.ts';
import { claudeStub, codexStub, googleStub } from './login-stubs.ts';

const vending = { route: 'test', stubs: stubsOf() };
const END_OF_2099_MS = Date.UTC(2099, 11, 31, 23, 59, 59);

/** What the proxy answers to a refresh with the token of a stub. */
function refresh(answerer: Answerer, url: string, parameters: object) {
  const { host, pathname } = new URL(url);
  const head = request({
    method: 'POST',
    host,
    path: pathname,
    fields: [['content-type', 'application/json']],
  });
  return answerer.answer(head, Buffer.from(JSON.stringify(parameters)));
}

describe('googleStub()', () => {
  it('is the stub in each of the fields that Google’s libraries ask for, and has no others', () => {
    expect(JSON.parse(googleStub())).toEqual({
      type: 'authorized_user',
      client_id: STUB,
      client_secret: STUB,
      refresh_token: STUB,
    });
  });

  it('is taken by google-auth-library for a login, and what that sends to refresh is vended a stub', async () => {
    const directory = untilTestEnds(await temporaryDirectory('google'));
    const path = await directory.write('application_default_credentials.json', googleStub());
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', path);
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const client = await new GoogleAuth().getClient();
    expect(client).toBeInstanceOf(UserRefreshClient);
    const sent: { url: string; data: unknown }[] = [];
    client.transporter.request = async (options) => {
      sent.push({ url: String(options?.url), data: options?.data });
      throw new Error('no network in this test');
    };
    await expect(client.getRequestHeaders()).rejects.toThrow('no network in this test');
    expect(sent).toHaveLength(1);
    const form = Object.fromEntries(new URLSearchParams(String(sent[0]?.data)));
    expect(form).toMatchObject({ grant_type: 'refresh_token', refresh_token: STUB });
    const answer = refresh(new GoogleAnswerer(vending), sent[0]?.url ?? '', form);
    expect(answer?.kind).toBe('vended');
  });
});

describe('claudeStub()', () => {
  const login = JSON.parse(claudeStub()).claudeAiOauth;

  it('is a login that the proxy’s own reader takes, and that does not run out', () => {
    expect(CLAUDE.readLogin(claudeStub())).toEqual({
      refreshToken: STUB,
      accessToken: STUB,
      expiresAtMs: END_OF_2099_MS,
      accountId: undefined,
    });
    expect(login.scopes).toContain('user:inference');
  });

  it('is vended a stub when it is refreshed all the same', () => {
    const parameters = { grant_type: 'refresh_token', refresh_token: login.refreshToken, client_id: 'x' };
    expect(refresh(new OAuthAnswerer(CLAUDE, vending), CLAUDE.tokenEndpoint, parameters)?.kind).toBe(
      'vended',
    );
  });
});

describe('codexStub()', () => {
  const { tokens, last_refresh: lastRefresh, OPENAI_API_KEY: apiKey } = JSON.parse(codexStub());

  it('has tokens out of which Codex reads that they last, and for which account they are', () => {
    expect(jwtExpiryMs(tokens.access_token)).toBe(END_OF_2099_MS);
    expect(Date.parse(lastRefresh)).toBe(END_OF_2099_MS);
    expect(jwtClaims(tokens.id_token)?.['https://api.openai.com/auth']).toMatchObject({
      chatgpt_account_id: tokens.account_id,
    });
    expect({ apiKey, account: tokens.account_id }).toEqual({ apiKey: null, account: STUB });
  });

  it('has nothing that the proxy does not take for a stub', () => {
    const { id_token, access_token, refresh_token } = tokens;
    for (const token of [id_token, access_token, refresh_token]) expect(isStub(token, stubsOf())).toBe(true);
  });

  it('is vended a stub when it is refreshed all the same', () => {
    const parameters = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token, client_id: 'x' };
    expect(refresh(new OAuthAnswerer(CODEX, vending), CODEX.tokenEndpoint, parameters)?.kind).toBe('vended');
  });
});
