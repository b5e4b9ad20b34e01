import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compile, formatPattern, parseHost, parseWords } from '@paude/allowlist';
import { describe, expect, it } from 'vitest';
import type { Field } from '../request/request-head.ts';
import { STUB } from '../request/stub.ts';
import { basic, request } from '../testing/request.ts';
import { specOf } from '../testing/specs.ts';
import { temporary } from '../testing/temporary.ts';
import { tokenServer } from '../testing/token-server.ts';
import { checkRoutes } from './check-routes.ts';
import { DEFAULT_ROUTES } from './default-table.ts';
import { loadRoutes } from './load-routes.ts';
import { openRouter } from './open-router.ts';
import type { Router } from './route.ts';
import type { RouteSurroundings } from './surroundings.ts';

const NOTHING = Buffer.alloc(0);

/** A file with this content that only its owner can read. */
async function secretFile(content: string): Promise<string> {
  const path = join(await temporary(), 'secret');
  await writeFile(path, content, { mode: 0o600 });
  return path;
}

async function routerOf(
  written: readonly object[],
  surroundings: Partial<RouteSurroundings> = {},
): Promise<Router> {
  return openRouter(
    written.map((route) => specOf(route)),
    { environment: { TOKEN: 'real' }, ...surroundings },
  );
}

/** What comes out for a request through a router: its fields and its path, or why it does not go on. */
async function send(router: Router, host: string, fields: readonly Field[], path = '/') {
  const head = request({ host, path, fields });
  const routes = router.routesFor(head.host, head.port);
  const refused = routes?.mayAnswer(head) ? routes.answer(head, NOTHING) : undefined;
  if (refused !== undefined) return refused;
  const injection = await routes?.routeFor(head.path)?.injector.inject(head);
  if (injection?.kind !== 'injected') return injection;
  return { ...Object.fromEntries(injection.head.fields), path: injection.head.path };
}

describe('Router.routesFor()', () => {
  it('has something only for hosts and ports of routes', async () => {
    const router = await routerOf([{ hosts: ['api.example.com', '.example.org:8443'] }]);
    const has = (host: string, port: number) => router.routesFor(parseHost(host), port) !== undefined;
    expect(has('api.example.com', 443)).toBe(true);
    expect(has('API.Example.COM.', 443)).toBe(true);
    expect(has('a.b.example.org', 8443)).toBe(true);
    expect(has('api.example.com', 80)).toBe(false);
    expect(has('api.example.com.evil.example', 443)).toBe(false);
    expect(has('notexample.org', 8443)).toBe(false);
    expect(has('a.example.org', 443)).toBe(false);
    expect(has('192.0.2.7', 443)).toBe(false);
  });

  it('gives the same answer for any number of hosts', async () => {
    const router = await routerOf([{ hosts: ['.example.com'] }]);
    const first = router.routesFor(parseHost('a.example.com'), 443);
    expect(router.routesFor(parseHost('a.example.com'), 443)).toBe(first);
    for (let index = 0; index < 3000; index++) {
      expect(router.routesFor(parseHost(`h${index}.example.com`), 443)).toBeDefined();
      expect(router.routesFor(parseHost(`h${index}.example.net`), 443)).toBeUndefined();
    }
    expect(router.routesFor(parseHost('a.example.com'), 443)?.routeFor('/')?.name).toBe('api');
  });

  it('names every host once at which connections are intercepted, those of token endpoints too', async () => {
    const login = await secretFile(JSON.stringify({ tokens: { refresh_token: 'r' } }));
    const router = await routerOf([
      { hosts: ['api.example.com', '.example.org'] },
      { name: 'two', hosts: ['api.example.com'], pathPrefix: '/v1' },
      {
        name: 'codex',
        from: { file: login },
        inject: { type: 'oauth-refresh', provider: 'codex' },
        hosts: ['chatgpt.com'],
      },
    ]);
    expect(router.patterns.map(formatPattern).sort()).toEqual([
      '.example.org',
      'api.example.com',
      'auth.openai.com',
      'chatgpt.com',
    ]);
    const vending = router.routesFor(parseHost('auth.openai.com'), 443);
    expect(vending?.routeFor('/oauth/token')).toBeUndefined();
    expect(vending?.mayAnswer(request({ host: 'auth.openai.com', path: '/oauth/token' }))).toBe(true);
  });

  it('vends at the endpoint of any server, at its port', async () => {
    const provider = { tokenEndpoint: 'https://login.example.com:8443/token', clientId: 'c' };
    const router = await routerOf([{ inject: { type: 'oauth-refresh', provider } }]);
    expect(router.routesFor(parseHost('login.example.com'), 8443)).toBeDefined();
    expect(router.routesFor(parseHost('login.example.com'), 443)).toBeUndefined();
  });

  it('knows the stub of each of two Google routes', async () => {
    const adc = await secretFile(
      JSON.stringify({ type: 'authorized_user', client_id: 'c', client_secret: 's', refresh_token: 'r' }),
    );
    const google = { from: { file: adc }, inject: { type: 'gcp-adc' } };
    const router = await routerOf([
      { ...google, name: 'one', hosts: ['a.googleapis.com'], stub: 'stub-of-one' },
      { ...google, name: 'two', hosts: ['b.googleapis.com'], stub: 'stub-of-two' },
    ]);
    const ask = (refreshToken: string) => {
      const fields: Field[] = [['content-type', 'application/x-www-form-urlencoded']];
      const head = request({ method: 'POST', host: 'oauth2.googleapis.com', path: '/token', fields });
      const body = Buffer.from(`grant_type=refresh_token&refresh_token=${refreshToken}`);
      return router.routesFor(head.host, 443)?.answer(head, body);
    };
    expect(ask('stub-of-one')).toMatchObject({ kind: 'vended', route: 'one' });
    expect(ask('stub-of-two')).toMatchObject({ kind: 'vended', route: 'two' });
    expect(ask('1//real')).toMatchObject({ kind: 'refused', reason: 'stub-required' });
  });
});

describe('openRouter()', () => {
  it('refuses routes without an order', async () => {
    await expect(routerOf([{}, { name: 'two' }])).rejects.toMatchObject({ code: 'credentials-overlap' });
  });

  it('warns of what will not work, and goes on', async () => {
    const exposed = await secretFile('real');
    await chmod(exposed, 0o644);
    const login = await secretFile(JSON.stringify({ claudeAiOauth: { refreshToken: 'r' } }));
    const router = await routerOf([
      { name: 'unset', from: { env: 'OTHER' }, hosts: ['a.example.com'] },
      { name: 'exposed', from: { file: exposed }, hosts: ['b.example.com'] },
      { name: 'gone', from: { file: `${exposed}-not` }, hosts: ['c.example.com'] },
      {
        name: 'login',
        from: { file: login },
        inject: { type: 'oauth-refresh', provider: 'claude' },
        hosts: ['d.example.com'],
      },
      { name: 'pages', hosts: ['*.github.io'] },
      {
        name: 'aws',
        inject: { type: 'aws-sigv4', accessKeyId: { env: 'AWS_ID' } },
        hosts: ['e.example.com'],
      },
      { name: 'fine', hosts: ['f.example.com'] },
    ]);
    expect(router.warnings.map(({ code, route, message }) => [code, route, message])).toEqual([
      ['public-suffix-wide', 'pages', expect.any(String)],
      ['credential-unavailable', 'unset', 'the route unset: variable OTHER is not set'],
      ['secret-exposed', 'exposed', `the route exposed: file ${exposed} can be read by others (mode 0644)`],
      ['credential-unavailable', 'gone', `the route gone: file ${exposed}-not does not exist`],
      ['state-not-kept', 'login', expect.stringContaining('is lost when the proxy ends')],
      ['credential-unavailable', 'aws', 'the route aws: variable AWS_ID is not set'],
    ]);
    expect(await send(router, 'a.example.com', [])).toMatchObject({ reason: 'credential-unavailable' });
    expect(await send(router, 'b.example.com', [])).toMatchObject({ authorization: 'Bearer real' });
  });

  it('uses no login that others can read, and warns of kept tokens that they can', async () => {
    const login = await secretFile(JSON.stringify({ claudeAiOauth: { refreshToken: 'r' } }));
    const state = await secretFile('{}');
    await chmod(state, 0o640);
    const inject = { type: 'oauth-refresh', provider: 'claude', stateFile: state };
    const kept = await routerOf([{ from: { file: login }, inject }]);
    expect(kept.warnings).toMatchObject([
      {
        code: 'credential-unavailable',
        message: expect.stringContaining('holds something other than kept tokens'),
      },
      {
        code: 'secret-exposed',
        message: expect.stringContaining(`${state} can be read by others (mode 0640)`),
      },
    ]);
    await chmod(login, 0o604);
    const exposed = await routerOf([
      { from: { file: login }, inject: { type: 'oauth-refresh', provider: 'claude' } },
    ]);
    expect(exposed.warnings[0]?.message).toContain(
      'can be read by others (mode 0604); take their rights away',
    );
    expect(await send(exposed, 'api.example.com', [])).toMatchObject({ reason: 'credential-unavailable' });
  });

  it('keeps the tokens of a login in the state directory, under the name of the route', async () => {
    const server = await tokenServer(() => ({
      access_token: 'access',
      refresh_token: 'next',
      expires_in: 3600,
    }));
    const stateDirectory = join(await temporary(), 'state');
    const provider = { tokenEndpoint: `${server.url}/token`, clientId: 'c' };
    const written = [{ name: 'my-login', inject: { type: 'oauth-refresh', provider } }];
    const router = await routerOf(written, { stateDirectory });
    expect(router.warnings).toEqual([]);
    expect(await send(router, 'api.example.com', [])).toMatchObject({ authorization: 'Bearer access' });
    const again = await routerOf(written, { stateDirectory });
    expect(await send(again, 'api.example.com', [])).toMatchObject({ authorization: 'Bearer access' });
    expect(server.asked).toHaveLength(1);
  });

  it('tells what happens to credentials, by the name of the route', async () => {
    const server = await tokenServer(() => ({ access_token: 'access', expires_in: 3600 }));
    const provider = { tokenEndpoint: `${server.url}/token`, clientId: 'c' };
    const events: unknown[] = [];
    const observe = (event: unknown) => events.push(event);
    const router = await routerOf([{ name: 'my-login', inject: { type: 'oauth-refresh', provider } }], {
      observe,
    });
    await send(router, 'api.example.com', []);
    expect(events).toEqual([{ kind: 'refreshed', route: 'my-login' }]);
  });
});

describe('Router.answerMetadata()', () => {
  const head = request({
    host: 'metadata.google.internal',
    port: 80,
    path: '/computeMetadata/v1/project/project-id',
    fields: [['metadata-flavor', 'Google']],
  });

  it('stands in for the metadata server where there are Google credentials', async () => {
    const adc = {
      type: 'authorized_user',
      client_id: 'c',
      client_secret: 's',
      refresh_token: 'r',
      quota_project_id: 'q',
    };
    const from = { file: await secretFile(JSON.stringify(adc)) };
    const router = await routerOf([{ from, inject: { type: 'gcp-adc' } }]);
    expect(router.answerMetadata(head)).toMatchObject({
      kind: 'metadata',
      route: 'api',
      status: 200,
      body: 'q',
    });
  });

  it('stands in for none elsewhere', async () => {
    expect((await routerOf([{}])).answerMetadata(head)).toBeUndefined();
  });
});

/** Every variable of the default table, set to something. */
function everything(): Record<string, string> {
  const sources = DEFAULT_ROUTES.flatMap((entry) => entry.sources);
  return Object.fromEntries(sources.map((source) => ['env' in source ? source.env : source.fileIn, '/x']));
}

describe('the default table', () => {
  const bearer: Field = ['Authorization', `Bearer ${STUB}`];

  it.each<[string, string, Field[], object]>([
    ['ANTHROPIC_API_KEY', 'api.anthropic.com', [['x-api-key', STUB]], { 'x-api-key': 'real' }],
    ['ANTHROPIC_API_KEY', 'api.anthropic.com', [bearer], { 'x-api-key': 'real' }],
    ['CLAUDE_CODE_OAUTH_TOKEN', 'api.anthropic.com', [bearer], { authorization: 'Bearer real' }],
    ['CLAUDE_CODE_OAUTH_TOKEN', 'api.anthropic.com', [['x-api-key', STUB]], { authorization: 'Bearer real' }],
    ['OPENAI_API_KEY', 'api.openai.com', [bearer], { authorization: 'Bearer real' }],
    [
      'CURSOR_API_KEY',
      'api.cursor.com',
      [['authorization', basic(`${STUB}:`)]],
      { authorization: 'Bearer real' },
    ],
    ['GH_TOKEN', 'api.github.com', [['authorization', `token ${STUB}`]], { authorization: 'Bearer real' }],
    ['GITHUB_TOKEN', 'uploads.github.com', [bearer], { authorization: 'Bearer real' }],
    ['GH_TOKEN', 'github.com', [], { authorization: basic('x-access-token:real') }],
    [
      'GH_TOKEN',
      'github.com',
      [['authorization', basic(`me:${STUB}`)]],
      { authorization: basic('x-access-token:real') },
    ],
    ['GH_TOKEN', 'raw.githubusercontent.com', [], { authorization: 'Bearer real' }],
    [
      'GEMINI_API_KEY',
      'generativelanguage.googleapis.com',
      [['x-goog-api-key', STUB]],
      { 'x-goog-api-key': 'real' },
    ],
  ])('%s goes to %s', async (variable, host, fields, expected) => {
    const environment = { [variable]: 'real' };
    const router = await openRouter(loadRoutes({ environment }), { environment });
    expect(router.warnings).toEqual([]);
    expect(await send(router, host, fields)).toEqual({ ...expected, path: '/' });
  });

  it('takes the key of Gemini out of the query, too', async () => {
    const environment = { GEMINI_API_KEY: 'real' };
    const router = await openRouter(loadRoutes({ environment }), { environment });
    const host = 'generativelanguage.googleapis.com';
    expect(await send(router, host, [], `/v1beta/models?alt=sse&key=${STUB}`)).toEqual({
      'x-goog-api-key': 'real',
      path: '/v1beta/models?alt=sse',
    });
    for (const path of ['/v1beta/models?key=AIzaOther', '/v1beta/models?access_token=ya29.other']) {
      expect(await send(router, host, [], path)).toMatchObject({ reason: 'stub-required' });
    }
  });

  it('refuses the key of somebody else at every host of it', async () => {
    const environment = everything();
    const router = await openRouter(loadRoutes({ environment }), { environment });
    const hosts = [...new Set(DEFAULT_ROUTES.flatMap(({ route }) => route.hosts))];
    expect(hosts.length).toBeGreaterThan(15);
    for (const word of hosts) {
      const host = word.replace(/^\./, 'api2.').replace('*', 'us-central1');
      const path = host === 'chatgpt.com' ? '/backend-api/codex/responses' : '/';
      const outcome = await send(router, host, [['authorization', 'Bearer sk-of-somebody-else']], path);
      expect([host, outcome]).toEqual([host, expect.objectContaining({ reason: 'stub-required' })]);
    }
  });

  it('prefers a subscription to a key that is paid by use', async () => {
    const login = await secretFile(
      JSON.stringify({
        claudeAiOauth: { accessToken: 'subscription', refreshToken: 'r', expiresAt: Date.now() + 3.6e6 },
      }),
    );
    const both = { ANTHROPIC_API_KEY: 'key', CLAUDE_CODE_OAUTH_TOKEN: 'year' };
    const sent = async (environment: Record<string, string>) =>
      send(await openRouter(loadRoutes({ environment }), { environment }), 'api.anthropic.com', []);
    expect(await sent(both)).toEqual({ authorization: 'Bearer year', path: '/' });
    expect(await sent({ ...both, CLAUDE_AUTH_FILE: login })).toEqual({
      'anthropic-beta': 'oauth-2025-04-20',
      authorization: 'Bearer subscription',
      path: '/',
    });
  });

  it('sends the login of Codex only to what Codex asks for', async () => {
    const token = `a.${Buffer.from('{"exp":9e9}').toString('base64url')}.c`;
    const login = await secretFile(
      JSON.stringify({ tokens: { access_token: token, refresh_token: 'r', account_id: 'acct' } }),
    );
    const environment = { CHATGPT_AUTH_FILE: login };
    const router = await openRouter(loadRoutes({ environment }), { environment });
    expect(await send(router, 'chatgpt.com', [bearer], '/backend-api/codex/responses')).toMatchObject({
      authorization: `Bearer ${token}`,
      'chatgpt-account-id': 'acct',
    });
    expect(await send(router, 'chatgpt.com', [bearer], '/backend-api/conversations')).toBeUndefined();
    expect(await send(router, 'chatgpt.com', [bearer], '/backend-api/codex/../conversations')).toMatchObject({
      reason: 'path-ambiguous',
    });
  });

  it('has a route with a name of its own and a line of why for each', () => {
    const names = DEFAULT_ROUTES.map(({ route }) => route.name);
    expect(new Set(names).size).toBe(names.length);
    for (const { why } of DEFAULT_ROUTES) expect(why.length).toBeGreaterThan(10);
  });

  it('is for hosts that the aliases of the allowlist allow', () => {
    const environment = everything();
    const specs = loadRoutes({ environment });
    expect(specs).toHaveLength(DEFAULT_ROUTES.length);
    const policy = compile(
      parseWords(['vertexai', 'github', 'claude', 'codex', 'cursor', 'gemini', 'openai']),
    );
    expect(checkRoutes(specs, policy)).toEqual([]);
  });
});
