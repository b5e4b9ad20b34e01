import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EnvironmentSecret } from '../secrets/environment-secret.ts';
import { FileSecret } from '../secrets/file-secret.ts';
import { emptyFault, type SecretSource } from '../secrets/secret-source.ts';
import { shown } from '../testing/shown.ts';
import { temporary } from '../testing/temporary.ts';
import {
  type Asked,
  parametersOf,
  type Reply,
  refusal,
  type TokenServer,
  tokenServer,
} from '../testing/token-server.ts';
import { unsignedJwt } from '../tokens/jwt.ts';
import { CLAUDE } from './claude.ts';
import { CODEX } from './codex.ts';
import { OAuthLogin, type OAuthLoginOptions } from './oauth-login.ts';
import { providerOf } from './provider-of.ts';
import { StateFile } from './state-file.ts';

const HOUR_MS = 3_600_000;

/**
 * An endpoint whose refresh tokens can be used once: `5up3r-0` gives `access-1` and `5up3r-1`, and so on. As some real ones
 * do, it ends the whole login when a used one is shown again.
 */
async function rotating(delayMs = 0): Promise<TokenServer & { readonly isEnded: () => boolean }> {
  let count = 0;
  let isEnded = false;
  const server = await tokenServer(async (asked: Asked): Promise<Reply> => {
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    isEnded ||= parametersOf(asked).refresh_token !== `5up3r-${count}`;
    if (isEnded) return refusal(400, { error: 'invalid_grant', error_description: '5up3r was used' });
    count++;
    return { access_token: `access-${count}`, refresh_token: `5up3r-${count}`, expires_in: 3600 };
  });
  return { ...server, isEnded: () => isEnded };
}

const fromVariable = (text: string): SecretSource => new EnvironmentSecret('LOGIN', { LOGIN: text });

interface Stage {
  readonly source?: SecretSource;
  readonly path?: string | undefined;
  readonly options?: Partial<OAuthLoginOptions>;
}

/** A login at an endpoint of its own, at a clock that is set by hand. */
function loginAt(server: TokenServer, { source = fromVariable('5up3r-0'), path, options = {} }: Stage = {}) {
  const events: { kind: string; detail?: string }[] = [];
  const clock = { now: 1_000_000 };
  const login = new OAuthLogin({
    provider: providerOf({ tokenEndpoint: `${server.url}/token`, clientId: 'my-client' }),
    source,
    stateFile: path === undefined ? undefined : new StateFile(path),
    fetch: globalThis.fetch,
    observe: (event) => events.push(event),
    keeper: { now: () => clock.now },
    ...options,
  });
  return { login, events, clock };
}

const tokenOf = async (login: OAuthLogin) => {
  const reading = await login.get();
  return reading.kind === 'token' ? reading.value : reading.detail;
};

describe('OAuthLogin', () => {
  it('exchanges a refresh token as RFC 6749 says', async () => {
    const server = await rotating();
    const { login, events } = loginAt(server);
    expect(await tokenOf(login)).toBe('access-1');
    expect(server.asked).toMatchObject([{ method: 'POST', path: '/token' }]);
    expect(server.asked.map(parametersOf)).toEqual([
      { grant_type: 'refresh_token', refresh_token: '5up3r-0', client_id: 'my-client' },
    ]);
    expect(events).toEqual([{ kind: 'refreshed' }]);
  });

  it('sends a client secret and a scope where the endpoint wants them, in JSON where it wants that', async () => {
    const server = await rotating();
    const provider = {
      tokenEndpoint: `${server.url}/token`,
      clientId: 'my-client',
      body: 'json',
      scope: 'a b',
    } as const;
    const options = {
      provider: providerOf(provider),
      clientSecret: new EnvironmentSecret('S', { S: '5up3r-secret' }),
    };
    await loginAt(server, { options }).login.get();
    expect(server.asked[0]?.headers['content-type']).toBe('application/json');
    expect(server.asked.map(parametersOf)).toMatchObject([{ client_secret: '5up3r-secret', scope: 'a b' }]);
    const missing = loginAt(server, { options: { clientSecret: new EnvironmentSecret('S', {}) } });
    expect(await missing.login.get()).toEqual({ kind: 'fault', detail: 'variable S is not set' });
    expect(server.asked).toHaveLength(1);
  });

  it('makes one refresh of what any number of sessions ask for at once', async () => {
    const server = await rotating(20);
    const { login, clock } = loginAt(server);
    const values = await Promise.all(Array.from({ length: 50 }, () => tokenOf(login)));
    expect(new Set(values)).toEqual(new Set(['access-1']));
    clock.now += HOUR_MS;
    expect(new Set(await Promise.all(Array.from({ length: 50 }, () => tokenOf(login))))).toEqual(
      new Set(['access-2']),
    );
    expect(server.asked).toHaveLength(2);
  });

  it('makes one refresh of any number of refused requests', async () => {
    const server = await rotating(20);
    const { login, clock } = loginAt(server);
    const first = await login.get();
    const generation = first.kind === 'token' ? first.generation : -1;
    clock.now += 120_000;
    const helped = await Promise.all(Array.from({ length: 50 }, () => login.refreshAfter(generation)));
    expect(new Set(helped)).toEqual(new Set([true]));
    expect(server.asked).toHaveLength(2);
    expect(await tokenOf(login)).toBe('access-2');
  });

  it('never shows a refresh token again that was replaced', async () => {
    const server = await rotating();
    const { login, clock } = loginAt(server);
    for (let round = 1; round <= 5; round++) {
      expect(await tokenOf(login)).toBe(`access-${round}`);
      clock.now += HOUR_MS;
    }
    expect(server.asked.map((asked) => parametersOf(asked).refresh_token)).toEqual(
      [0, 1, 2, 3, 4].map((count) => `5up3r-${count}`),
    );
    expect(server.isEnded()).toBe(false);
  });

  it('goes on with a refresh token that the endpoint does not replace', async () => {
    const server = await tokenServer(() => ({ access_token: 'a', expires_in: 3600 }));
    const { login, clock } = loginAt(server);
    await login.get();
    clock.now += HOUR_MS;
    await login.get();
    expect(server.asked.map((asked) => parametersOf(asked).refresh_token)).toEqual(['5up3r-0', '5up3r-0']);
  });

  it('pauses after a failure, and says why without what the endpoint wrote', async () => {
    const server = await rotating();
    const { login, events, clock } = loginAt(server, { source: fromVariable('5up3r-old') });
    const detail = `the token endpoint at ${new URL(server.url).host} answered 400 (invalid_grant)`;
    for (let request = 0; request < 20; request++) {
      expect(await login.get()).toEqual({ kind: 'fault', detail });
      clock.now += 10_000;
    }
    expect(server.asked).toHaveLength(1);
    expect(events).toEqual([{ kind: 'refresh-failed', detail }]);
    expect(shown([login, events])).not.toContain('5up3r');
  });

  it('reads how long a token lasts out of the token where the endpoint does not say', async () => {
    const server = await tokenServer(() => ({ access_token: unsignedJwt({ exp: 2000 }, 'x') }));
    const { login, clock } = loginAt(server);
    await login.get();
    clock.now = 1_800_000;
    expect(await login.get()).toMatchObject({ kind: 'token' });
    expect(server.asked).toHaveLength(1);
    clock.now = 2_000_000;
    expect(await tokenOf(login)).toContain('has already ended');
    expect(server.asked).toHaveLength(2);
  });

  it.each<[Reply, string]>([
    [{ token_type: 'Bearer' }, 'gave no access token'],
    [{ access_token: { a: 1 } }, 'gave no access token'],
    [{ access_token: 'a\r\nb', expires_in: 60 }, 'the access token that was given holds a line break'],
    [refusal(429, {}), 'answered 429'],
  ])('says why there is no token: %#', async (reply, why) => {
    const server = await tokenServer(() => reply);
    expect(await tokenOf(loginAt(server).login)).toContain(why);
  });
});

describe('OAuthLogin with a state file', () => {
  it('keeps what replaced the refresh token before anybody gets the access token', async () => {
    const server = await rotating();
    const path = join(await temporary(), 'private', 'state.json');
    const { login } = loginAt(server, { path });
    const reading = login.get();
    await reading;
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({
      version: 1,
      login: expect.stringMatching(/^[\da-f]{64}$/),
      refreshToken: '5up3r-1',
      accessToken: 'access-1',
      expiresAtMs: 1_000_000 + HOUR_MS,
    });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('goes on after a restart where it was, with the access token while that lasts', async () => {
    const server = await rotating();
    const path = join(await temporary(), 'state.json');
    await loginAt(server, { path }).login.get();
    const second = loginAt(server, { path });
    expect(await tokenOf(second.login)).toBe('access-1');
    expect(server.asked).toHaveLength(1);
    second.clock.now += HOUR_MS;
    expect(await tokenOf(second.login)).toBe('access-2');
    const third = loginAt(server, { path });
    third.clock.now += 3 * HOUR_MS;
    expect(await tokenOf(third.login)).toBe('access-3');
    expect(server.isEnded()).toBe(false);
  });

  it('shows a used refresh token again where there is no state file, and says that the login has ended', async () => {
    const server = await rotating();
    await loginAt(server).login.get();
    expect(await tokenOf(loginAt(server).login)).toContain('answered 400 (invalid_grant)');
    expect(server.isEnded()).toBe(true);
  });

  it('begins with a new login, and forgets what was kept for the old one', async () => {
    const directory = await temporary();
    const path = join(directory, 'state.json');
    const file = join(directory, 'login');
    await writeFile(file, 'old-login');
    const server = await tokenServer((asked) => {
      const { refresh_token } = parametersOf(asked);
      return {
        access_token: `access-of-${refresh_token}`,
        refresh_token: `${refresh_token}+`,
        expires_in: 3600,
      };
    });
    const source = new FileSecret(file, { recheckMs: 0 });
    const { login } = loginAt(server, { path, source });
    const first = await login.get();
    expect(first).toMatchObject({ value: 'access-of-old-login' });
    await writeFile(file, 'new-login');
    expect(await tokenOf(login)).toBe('access-of-new-login');
    // A 401 to the token of the old login does not cost a refresh of the new one.
    expect(first.kind === 'token' && (await login.refreshAfter(first.generation))).toBe(true);
    expect(server.asked).toHaveLength(2);
    const restarted = loginAt(server, { path, source });
    restarted.clock.now += HOUR_MS;
    expect(await tokenOf(restarted.login)).toBe('access-of-new-login+');
  });

  it('does not let tokens of the old login that come late take the place of those of the new one', async () => {
    const directory = await temporary();
    const [path, file] = [join(directory, 'state.json'), join(directory, 'login')];
    await writeFile(file, 'old');
    const late = Promise.withResolvers<void>();
    const server = await tokenServer(async (asked) => {
      const { refresh_token } = parametersOf(asked);
      if (refresh_token === 'old') await late.promise;
      return {
        access_token: `access-of-${refresh_token}`,
        refresh_token: `${refresh_token}+`,
        expires_in: 3600,
      };
    });
    const { login } = loginAt(server, { path, source: new FileSecret(file, { recheckMs: 0 }) });
    const first = login.get();
    await expect.poll(() => server.asked.length).toBe(1);
    await writeFile(file, 'new');
    expect(await tokenOf(login)).toBe('access-of-new');
    late.resolve();
    await first;
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ refreshToken: 'new+' });
  });

  it('uses no refresh token of the login while it cannot know whether that was replaced', async () => {
    const server = await rotating();
    const directory = await temporary();
    const path = join(directory, 'state.json');
    await loginAt(server, { path }).login.get();
    const kept = await readFile(path, 'utf8');
    await writeFile(path, kept.slice(0, 20));
    const { login, events, clock } = loginAt(server, { path });
    const detail = `${path} holds something other than kept tokens; remove it to begin with the login again`;
    expect(await login.get()).toEqual({ kind: 'fault', detail });
    expect(await login.get()).toEqual({ kind: 'fault', detail });
    // Told once, however many requests ask.
    expect(events).toEqual([{ kind: 'state-not-saved', detail }]);
    expect(server.asked).toHaveLength(1);
    await writeFile(path, kept);
    clock.now += HOUR_MS;
    expect(await tokenOf(login)).toBe('access-2');
  });

  it('says so when the state file cannot be read', async () => {
    const server = await rotating();
    const path = await temporary();
    const { login } = loginAt(server, { path });
    const detail = `the tokens that were kept cannot be used: reading it failed (EISDIR) (${path})`;
    expect(await login.check()).toBe(detail);
    expect(await login.get()).toEqual({ kind: 'fault', detail });
    expect(server.asked).toEqual([]);
  });

  it('serves requests, and says so, when the state cannot be written, and goes on with the newest refresh token', async () => {
    const server = await rotating();
    const directory = await temporary();
    const path = join(directory, 'state.json');
    const { login, events, clock } = loginAt(server, { path });
    await login.get();
    await chmod(directory, 0o777);
    for (let round = 2; round <= 4; round++) {
      clock.now += HOUR_MS;
      expect(await tokenOf(login)).toBe(`access-${round}`);
    }
    const detail = `the tokens cannot be kept: others can write to its directory (${path})`;
    expect(events.filter(({ kind }) => kind === 'state-not-saved')).toEqual([
      { kind: 'state-not-saved', detail },
    ]);
    await chmod(directory, 0o700);
    clock.now += HOUR_MS;
    expect(await tokenOf(login)).toBe('access-5');
    expect(await readFile(path, 'utf8')).toContain('5up3r-5');
    expect(server.isEnded()).toBe(false);
  });

  it('shares the login with another proxy that has the same state file', async () => {
    const server = await rotating();
    const path = join(await temporary(), 'state.json');
    const [one, two] = [loginAt(server, { path }), loginAt(server, { path })];
    expect(await tokenOf(one.login)).toBe('access-1');
    expect(await tokenOf(two.login)).toBe('access-1');
    for (let round = 2; round <= 4; round++) {
      one.clock.now += HOUR_MS;
      two.clock.now += HOUR_MS;
      const [first, second] = round % 2 === 0 ? [one, two] : [two, one];
      expect(await tokenOf(first.login)).toBe(`access-${round}`);
      expect(await tokenOf(second.login)).toBe(`access-${round}`);
    }
    expect(server.asked).toHaveLength(4);
    expect(server.isEnded()).toBe(false);
  });

  it('takes the tokens of another proxy that was faster by a moment', async () => {
    const path = join(await temporary(), 'state.json');
    const asked: unknown[] = [];
    const server = await tokenServer(async (request) => {
      asked.push(parametersOf(request).refresh_token);
      // Meanwhile the other proxy has used the refresh token, and kept what it got.
      await new StateFile(path).write({
        version: 1,
        login: JSON.parse(await readFile(path, 'utf8')).login,
        refreshToken: '5up3r-other',
        accessToken: 'access-other',
        expiresAtMs: 100 * HOUR_MS,
      });
      return refusal(400, { error: 'invalid_grant' });
    });
    const seed = await rotating();
    const seeded = loginAt(seed, { path });
    await seeded.login.get();
    const { login, clock } = loginAt(server, { path });
    clock.now += HOUR_MS;
    expect(await tokenOf(login)).toBe('access-other');
    expect(asked).toEqual(['5up3r-1']);
  });
});

describe('OAuthLogin of Claude and Codex', () => {
  const source = async (text: string) => {
    const path = join(await temporary(), 'login.json');
    await writeFile(path, text);
    return new FileSecret(path, { check: emptyFault });
  };
  /** Answers in place of the endpoint, whose address is fixed, and notes what it was asked. */
  const answering = (answer: object) => {
    const asked: { url: string; body: unknown; redirect: unknown }[] = [];
    const fetch: OAuthLoginOptions['fetch'] = async (url, { body, redirect }) => {
      asked.push({ url, body: JSON.parse(String(body)), redirect });
      return Response.json(answer);
    };
    return { asked, fetch };
  };

  it('refreshes a login of Claude Code where Claude Code does', async () => {
    const { asked, fetch } = answering({
      access_token: 'sk-ant-oat01-new',
      refresh_token: 'r1',
      expires_in: 28_800,
    });
    const text = JSON.stringify({
      claudeAiOauth: { accessToken: 'old', refreshToken: '5up3r', expiresAt: 1 },
    });
    const login = new OAuthLogin({ provider: CLAUDE, source: await source(text), fetch });
    expect(await tokenOf(login)).toBe('sk-ant-oat01-new');
    expect(asked).toEqual([
      {
        url: 'https://platform.claude.com/v1/oauth/token',
        redirect: 'error',
        body: {
          grant_type: 'refresh_token',
          refresh_token: '5up3r',
          client_id: '9d1c250a-e61b-44d9-88ed-5944d1962f5e',
        },
      },
    ]);
  });

  it('uses the access token of the login while it lasts', async () => {
    const { asked, fetch } = answering({});
    const expiresAt = Date.now() + HOUR_MS;
    const text = JSON.stringify({
      claudeAiOauth: { accessToken: 'current', refreshToken: '5up3r', expiresAt },
    });
    expect(await tokenOf(new OAuthLogin({ provider: CLAUDE, source: await source(text), fetch }))).toBe(
      'current',
    );
    expect(asked).toEqual([]);
  });

  it('refreshes a login of Codex, and knows its account', async () => {
    const { asked, fetch } = answering({
      access_token: unsignedJwt({ exp: 9e9 }, 'real'),
      refresh_token: 'r1',
    });
    const text = JSON.stringify({
      tokens: { access_token: 'old', refresh_token: '5up3r', account_id: 'acct' },
    });
    const login = new OAuthLogin({ provider: CODEX, source: await source(text), fetch });
    expect(await tokenOf(login)).toContain('.real');
    expect(login.accountId).toBe('acct');
    expect(asked).toMatchObject([
      { url: 'https://auth.openai.com/oauth/token', body: { client_id: 'app_EMoamEEZ73f0CkXaXp7hrann' } },
    ]);
  });

  it('goes on with the state that the established image kept, and keeps its own from then on', async () => {
    const path = join(await temporary(), 'state.json');
    const { asked, fetch } = answering({ access_token: 'new', refresh_token: '5up3r-2', expires_in: 3600 });
    const document = (refresh_token: string) =>
      JSON.stringify({
        auth_mode: 'chatgpt',
        tokens: { access_token: 'old', refresh_token, account_id: 'acct' },
      });
    await writeFile(path, document('5up3r-1'));
    const login = new OAuthLogin({
      provider: CODEX,
      source: await source(document('5up3r-0')),
      stateFile: new StateFile(path),
      fetch,
    });
    expect(await tokenOf(login)).toBe('new');
    expect(asked).toMatchObject([{ body: { refresh_token: '5up3r-1' } }]);
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ version: 1, refreshToken: '5up3r-2' });
  });

  it.each(['{}', 'no json', '{"claudeAiOauth":{"accessToken":"5up3r"}}', '{"claudeAiOauth":"5up3r"}', '[]'])(
    'says that %j is no login, and shows nothing of it',
    async (text) => {
      const file = await source(text);
      const login = new OAuthLogin({ provider: CLAUDE, source: file, fetch: globalThis.fetch });
      const reading = await login.get();
      expect(reading).toEqual({ kind: 'fault', detail: `${file.description} holds no login of claude` });
      expect(shown([reading, login])).not.toContain('5up3r');
    },
  );
});
