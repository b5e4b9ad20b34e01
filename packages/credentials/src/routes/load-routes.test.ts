import { describe, expect, it } from 'vitest';
import { shown } from '../testing/shown.ts';
import { loadRoutes, type RoutesRequest } from './load-routes.ts';

const ROUTE = { name: 'api', from: { env: 'TOKEN' }, inject: { type: 'bearer' }, hosts: ['api.example.com'] };

function load(written: unknown, environment: RoutesRequest['environment'] = {}, defaults = true) {
  return loadRoutes({ written, environment, defaults, where: 'routes.json' });
}

function messageFor(written: unknown, environment: RoutesRequest['environment'] = {}): string {
  try {
    load(written, environment);
  } catch (error) {
    expect(shown(error)).not.toContain('5up3r');
    return (error as Error).message;
  }
  throw new Error('It was taken');
}

describe('loadRoutes()', () => {
  it('reads a list, or an object with one', () => {
    for (const written of [[ROUTE], { credentials: [ROUTE] }]) {
      expect(load(written)).toMatchObject([
        {
          name: 'api',
          order: 0,
          requireStub: true,
          scrubBodies: false,
          allowMinting: false,
          isDefault: false,
        },
      ]);
    }
    expect(load(undefined)).toEqual([]);
    expect(load([])).toEqual([]);
  });

  it('adds the default routes whose variables are set', () => {
    const environment = { GH_TOKEN: '5up3r', OPENAI_API_KEY: '', ANTHROPIC_API_KEY: undefined };
    expect(load([ROUTE], environment).map(({ name }) => name)).toEqual([
      'api',
      'github',
      'github-git',
      'github-files',
    ]);
    expect(load([ROUTE], environment, false).map(({ name }) => name)).toEqual(['api']);
    expect(shown(load([ROUTE], environment))).not.toContain('5up3r');
  });

  it.each<[unknown, string]>([
    ['x5up3r', 'it holds no list of routes. Write credentials: and a list of routes'],
    [null, 'it holds no list of routes'],
    [5, 'it holds no list of routes'],
    [{}, 'it holds no list of routes'],
    [{ credentials: {} }, 'it holds no list of routes'],
    [{ credentials: [ROUTE], version: 1 }, 'there is no key "version". Use credentials'],
    [{ credentials: [ROUTE], 'x5up3r-x5up3r-x5up3r-x5up3r': 1 }, 'a key of 27 characters is not known'],
    [[ROUTE, { ...ROUTE, hosts: [] }], '"routes.json: credentials[1]": hosts is not right'],
    [
      [ROUTE, { env_var: 'A', injector: 'bearer', domains: ['x.example'] }],
      'there is no key "name". Use env_var',
    ],
  ])('refuses %j', (written, why) => {
    expect(messageFor(written)).toContain(why);
  });

  it.each<[object, string]>([
    [{ hosts: ['all'] }, 'all would send the credential to every host'],
    [{ hosts: ['!api.example.com'] }, '!api.example.com denies'],
    [{ hosts: ['.co.uk'] }, 'Name the hosts that the credential is for'],
    [{ hosts: ['*.com'] }, 'Cannot read the pattern "*.com"'],
    [{ hosts: ['~example$'] }, 'it cannot be told which domains ~example$ may match'],
    [{ hosts: ['https://api.example.com'] }, 'Cannot read the pattern'],
    [{ pathPrefix: 'v1' }, 'pathPrefix is no plain path'],
    [{ pathPrefix: '/' }, 'pathPrefix is no plain path'],
    [{ pathPrefix: '/a/../b' }, 'pathPrefix is no plain path'],
    [{ pathPrefix: '/a%2fb' }, 'pathPrefix is no plain path'],
    [{ pathPrefix: '/a?b' }, 'pathPrefix is no plain path'],
    [{ pathPrefix: '/a;b' }, 'pathPrefix is no plain path'],
    [{ from: { metadataServer: true } }, 'only gcp-adc takes its token from a metadata server'],
    [
      { inject: { type: 'oauth-refresh', provider: 'claude' } },
      'the login of claude is a file. Write from: { file: PATH }',
    ],
  ])('refuses a route that would go wrong: %j', (more, why) => {
    expect(messageFor([{ ...ROUTE, ...more }])).toContain(why);
  });

  it('takes hosts as an allowlist has them, at the port of HTTPS unless another is written', () => {
    const [spec] = load([
      { ...ROUTE, hosts: ['API.Example.com', '.example.org:8443', '*-x.example.net', 'github'] },
    ]);
    const decide = (host: string, port: number) => spec?.policy.decide(host as never, port).result;
    expect(decide('api.example.com', 443)).toBe('allow');
    expect(decide('api.example.com', 80)).toBe('deny');
    expect(decide('a.example.org', 8443)).toBe('allow');
    expect(decide('a.example.org', 443)).toBe('deny');
    expect(decide('api.github.com', 443)).toBe('allow');
  });
});

/** The table of the established image, as its session runner writes it. */
const ESTABLISHED = {
  credentials: [
    { env_var: 'MY_GATEWAY_KEY', injector: 'bearer', domains: ['ai.example.com'] },
    {
      env_var: 'CHATGPT_AUTH_FILE',
      injector: 'chatgpt',
      params: { path_prefix: '/backend-api' },
      domains: ['chatgpt.com'],
    },
    {
      env_var: 'ANTHROPIC_OAUTH_CREDS_FILE',
      injector: 'anthropic_oauth',
      domains: ['api.anthropic.com', '.claude.ai'],
    },
    { env_var: 'CLAUDE_CODE_OAUTH_TOKEN', injector: 'bearer', domains: ['api.anthropic.com', '.claude.ai'] },
    {
      env_var: 'ANTHROPIC_API_KEY',
      injector: 'api_key',
      params: { header_name: 'x-api-key' },
      domains: ['.anthropic.com'],
    },
    {
      env_var: 'OPENAI_API_KEY',
      injector: 'bearer',
      domains: ['.openai.com', 'chatgpt.com', '.chatgpt.com'],
    },
    { env_var: 'CURSOR_API_KEY', injector: 'bearer', domains: ['.cursor.com', '.cursorapi.com'] },
    { env_var: 'GH_TOKEN', injector: 'bearer', domains: ['api.github.com'] },
    { env_var: 'GOOGLE_APPLICATION_CREDENTIALS', injector: 'gcloud', domains: ['.googleapis.com'] },
  ],
};

describe('loadRoutes() in the form of the established image', () => {
  const all = Object.fromEntries(ESTABLISHED.credentials.map(({ env_var }) => [env_var, '/5up3r']));

  it('reads its whole table, in its order and with nothing else', () => {
    const specs = load(ESTABLISHED, { ...all, GEMINI_API_KEY: '5up3r' });
    expect(specs.map(({ name, order, inject }) => [name, order, inject.type])).toEqual([
      ['my-gateway-key', 0, 'bearer'],
      ['chatgpt-auth-file', 1, 'oauth-refresh'],
      ['anthropic-oauth-creds-file', 2, 'oauth-refresh'],
      ['claude-code-oauth-token', 3, 'bearer'],
      ['anthropic-api-key', 4, 'header'],
      ['openai-api-key', 5, 'bearer'],
      ['cursor-api-key', 6, 'bearer'],
      ['gh-token', 7, 'bearer'],
      ['google-application-credentials', 8, 'gcp-adc'],
    ]);
    expect(specs[1]).toMatchObject({ pathPrefix: '/backend-api', from: { file: '/5up3r' } });
    expect(specs[4]).toMatchObject({ inject: { name: 'x-api-key' }, from: { env: 'ANTHROPIC_API_KEY' } });
  });

  it('leaves out what has no variable', () => {
    expect(load(ESTABLISHED, { GH_TOKEN: 'x', OPENAI_API_KEY: '' }).map(({ name }) => name)).toEqual([
      'gh-token',
    ]);
    expect(load(ESTABLISHED)).toEqual([]);
  });

  it('prefers GCP_ADC_JSON, which needs no variable of its own', () => {
    expect(load(ESTABLISHED, { GCP_ADC_JSON: '{}' })).toMatchObject([
      { name: 'google-application-credentials', from: { env: 'GCP_ADC_JSON' } },
    ]);
  });

  it('keeps rotated tokens where the variables of that image say', () => {
    const specs = load(ESTABLISHED, {
      ...all,
      PAUDE_PROXY_CHATGPT_AUTH_STATE_FILE: '/state/chatgpt',
      PAUDE_PROXY_CLAUDE_AUTH_STATE_FILE: '/state/claude',
    });
    expect(specs.map(({ inject }) => 'stateFile' in inject && inject.stateFile)).toEqual(
      expect.arrayContaining(['/state/chatgpt', '/state/claude']),
    );
  });

  it('tells two entries for one variable apart', () => {
    const entry = { env_var: 'KEY', injector: 'bearer', domains: ['a.example'] };
    const entries = [entry, { ...entry, domains: ['b.example'] }, { ...entry, domains: ['c.example'] }];
    expect(load(entries, { KEY: 'x' }).map(({ name }) => name)).toEqual(['key', 'key-2', 'key-3']);
  });

  it.each<[object, string]>([
    [{ injector: 'bearer', domains: ['a.example'] }, 'env_var is missing or not right'],
    [{ env_var: 'A B', injector: 'bearer', domains: ['a.example'] }, 'env_var is missing or not right'],
    [{ env_var: 'A', injector: 'magic', domains: ['a.example'] }, 'injector is missing or not right'],
    [{ env_var: 'A', injector: 'bearer', domains: [] }, 'domains is missing or not right'],
    [{ env_var: 'A', injector: 'bearer', domains: [''] }, 'Cannot read the pattern ""'],
    [{ env_var: 'A', injector: 'bearer', domain: ['a.example'] }, 'there is no key "domain". Write domains'],
    [
      { env_var: 'A', injector: 'bearer', domains: ['a.example'], 'x5up3r-x5up3r-x5up3r-x5up3r': 1 },
      'a key of 27 characters',
    ],
    [{ env_var: 'A', injector: 'api_key', domains: ['a.example'] }, 'api_key needs params.header_name'],
    [
      { env_var: 'A', injector: 'api_key', params: { headername: 'x' }, domains: ['a.example'] },
      'there is no key "headername". Write header_name',
    ],
    [
      { env_var: 'A', injector: 'api_key', params: { header_name: 'a b' }, domains: ['a.example'] },
      'inject.name is not right',
    ],
    [
      { env_var: 'A', injector: 'bearer', params: { path_prefix: '/../x' }, domains: ['a.example'] },
      'pathPrefix is no plain path',
    ],
  ])('refuses %j', (entry, why) => {
    expect(messageFor({ credentials: [entry] }, { A: '5up3r' })).toContain(why);
  });

  it('takes an empty path prefix for none', () => {
    const entry = { env_var: 'A', injector: 'bearer', params: { path_prefix: '' }, domains: ['a.example'] };
    expect(load([entry], { A: 'x' })).toMatchObject([{ pathPrefix: undefined }]);
  });
});
