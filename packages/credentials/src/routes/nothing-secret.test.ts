import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { Injection } from '../injectors/injector.ts';
import type { RequestHead } from '../request/request-head.ts';
import { STUB } from '../request/stub.ts';
import { request } from '../testing/request.ts';
import { shown } from '../testing/shown.ts';
import { temporary } from '../testing/temporary.ts';
import { type Asked, parametersOf, type Reply, refusal, tokenServer } from '../testing/token-server.ts';
import { loadRoutes } from './load-routes.ts';
import { openRouter } from './open-router.ts';

/** Stands in every secret below. In capitals, so that it is in no other text by chance, and as long as a short password. */
const MARK = 'S3CR3TM4RK';

/** Every way in which the mark may stand in a text. */
const TRACES = [
  MARK,
  // Base64 at each of the three places at which it may begin in a group.
  ...[0, 1, 2].map((skipped) => {
    const text = Buffer.from(`${'x'.repeat(skipped)}${MARK}`).toString('base64');
    return text.slice(skipped === 0 ? 0 : skipped + 1, text.length - 4);
  }),
  Buffer.from(MARK).toString('hex'),
];

let number = 0;
const secret = (label: string) => `${label}-${MARK}-${++number}`;

/** Refuses every second request, with the request in its answer. */
function quoting() {
  let count = 0;
  return ({ path, body, headers }: Asked): Reply => {
    if (count++ % 2 === 1)
      return refusal(400, { error: MARK, error_description: `${body} ${headers.authorization}` });
    if (path.includes('sts') || path.includes('token')) {
      const access_token = secret('access');
      return { access_token, refresh_token: secret('refresh'), expires_in: 3600, quoted: body };
    }
    return { accessToken: secret('access'), expireTime: '2099-01-01T00:00:00Z' };
  };
}

/** Routes of every kind, whose secrets all hold the mark. */
async function stage() {
  const server = await tokenServer(quoting());
  const directory = await temporary();
  const file = async (name: string, content: string | object) => {
    const path = join(directory, name);
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o600 });
    return path;
  };
  const user = {
    type: 'authorized_user',
    client_id: 'id',
    client_secret: secret('client'),
    refresh_token: secret('refresh'),
    token_uri: `${server.url}/token`,
  };
  const federated = {
    type: 'external_account',
    audience: 'a',
    subject_token_type: 't',
    token_url: `${server.url}/sts`,
    credential_source: { file: await file('subject', secret('subject')) },
  };
  const adc: Record<string, object> = {
    user,
    service: {
      type: 'service_account',
      client_email: 'e',
      private_key: secret('key'),
      token_uri: user.token_uri,
    },
    federated,
    impersonated: {
      type: 'impersonated_service_account',
      service_account_impersonation_url: `${server.url}/impersonate`,
      source_credentials: user,
    },
    broken: { type: secret('type') },
  };
  const environment: Record<string, string> = {
    BEARER: secret('bearer'),
    HEADER: secret('header'),
    BASIC: secret('basic'),
    PAIR: `me:${secret('pair')}`,
    QUERY: secret('query'),
    BROKEN: `${secret('broken')}\r\n${secret('broken')}`,
    REFRESH: secret('refresh'),
    CLIENT: secret('client'),
    AWS_ID: secret('AKIA'),
    AWS_KEY: secret('aws'),
    AWS_TOKEN: secret('session'),
  };
  const provider = { tokenEndpoint: `${server.url}/token`, clientId: 'c', clientSecret: { env: 'CLIENT' } };
  const login = {
    claudeAiOauth: { accessToken: secret('access'), refreshToken: secret('refresh'), expiresAt: 4e12 },
  };
  const routes: { from: object; inject: object }[] = [
    { from: { env: 'BEARER' }, inject: { type: 'bearer' } },
    { from: { file: await file('bearer', secret('file')) }, inject: { type: 'bearer' } },
    { from: { env: 'HEADER' }, inject: { type: 'header', name: 'x-key' } },
    { from: { env: 'BASIC' }, inject: { type: 'basic', username: 'me' } },
    { from: { env: 'PAIR' }, inject: { type: 'basic' } },
    { from: { env: 'QUERY' }, inject: { type: 'query', parameter: 'key' } },
    { from: { env: 'BROKEN' }, inject: { type: 'bearer' } },
    {
      from: { env: 'REFRESH' },
      inject: { type: 'oauth-refresh', provider, stateFile: join(directory, 'state.json') },
    },
    { from: { file: await file('login', login) }, inject: { type: 'oauth-refresh', provider: 'claude' } },
    {
      from: { file: await file('no-login', secret('text')) },
      inject: { type: 'oauth-refresh', provider: 'codex' },
    },
    {
      from: { env: 'AWS_KEY' },
      inject: {
        type: 'aws-sigv4',
        accessKeyId: { env: 'AWS_ID' },
        sessionToken: { env: 'AWS_TOKEN' },
        region: 'r',
        service: 's3',
      },
    },
  ];
  for (const [name, json] of Object.entries(adc)) {
    routes.push({ from: { file: await file(name, json) }, inject: { type: 'gcp-adc' } });
  }
  const written = routes.map((route, index) => ({
    ...route,
    name: `route-${index}`,
    hosts: [`h${index}.example.com`],
  }));
  return { written, environment, server, count: written.length };
}

describe('nothing secret', () => {
  it('is in anything that can be printed', async () => {
    const printed = (['log', 'info', 'warn', 'error', 'debug'] as const).map((name) =>
      vi.spyOn(console, name),
    );
    const { written, environment, server, count } = await stage();
    const events: unknown[] = [];
    const specs = loadRoutes({ written, environment: environment });
    const observe = (event: unknown) => events.push(event);
    const router = await openRouter(specs, {
      environment,
      observe,
      keeper: { backoffMs: [0, 0], youngMs: 0 },
    });
    const seen: unknown[] = [specs, router, router.routes, router.specs, router.warnings, router.patterns];
    const injected: Injection[] = [];
    const leaked = `Bearer ${MARK}`;
    for (let index = 0; index < count; index++) {
      const host = `h${index}.example.com`;
      const heads: RequestHead[] = [
        request({ host }),
        request({ host, path: `/?key=${STUB}`, fields: [['authorization', `Bearer ${STUB}`]] }),
        request({
          host,
          path: `/?key=${MARK}&X-Amz-Credential=${MARK}`,
          fields: [
            ['authorization', leaked],
            ['x-key', MARK],
          ],
        }),
        request({ host, method: 'POST', fields: [['content-type', 'application/json']] }),
      ];
      const routes = router.routesFor(heads[0]?.host ?? ('' as never), 443);
      const route = routes?.routeFor('/');
      seen.push(routes, route, route?.injector);
      for (const head of heads) {
        for (let attempt = 0; attempt < 3; attempt++) {
          const injection = await route?.injector.inject(head, Buffer.alloc(0));
          if (injection === undefined) throw new Error('There is no route');
          if (injection.kind === 'injected') injected.push(injection);
          seen.push(injection, injection.kind === 'injected' ? injection.head : injection.detail);
          if (injection.kind === 'injected')
            seen.push(await route?.injector.refreshAfter(injection.generation));
        }
      }
    }
    for (const [host, path] of [
      ['oauth2.googleapis.com', '/token'],
      ['api.anthropic.com', '/v1/oauth/token'],
      ['iamcredentials.googleapis.com', '/v1/projects/-/serviceAccounts/x:signJwt'],
    ] as const) {
      for (const body of [
        `grant_type=refresh_token&refresh_token=${MARK}`,
        `${MARK}=1&${MARK}=2`,
        `{"${MARK}"`,
      ]) {
        const head = request({
          host,
          method: 'POST',
          path,
          fields: [['content-type', 'application/x-www-form-urlencoded']],
        });
        seen.push(router.routesFor(head.host, 443)?.answer(head, Buffer.from(body)));
      }
    }
    seen.push(
      events,
      printed.map(({ mock }) => mock.calls),
    );
    // That it can fail: the secrets were there, on the requests and at the endpoints.
    expect(injected.length).toBeGreaterThan(40);
    const sent = injected.map(
      ({ kind, ...rest }) => 'head' in rest && [rest.head.fields.flat(), rest.head.path, rest.secrets].flat(),
    );
    expect(sent.filter((texts) => String(texts).includes(MARK)).length).toBeGreaterThan(30);
    expect(
      server.asked.filter((asked) => String(Object.values(parametersOf(asked))).includes(MARK)).length,
    ).toBeGreaterThan(5);
    expect(events.length).toBeGreaterThan(5);
    const text = seen.map(shown).join('\n');
    expect(text.length).toBeGreaterThan(100_000);
    for (const trace of TRACES) {
      const at = text.indexOf(trace);
      expect(at < 0 ? '' : text.slice(Math.max(0, at - 200), at + 100)).toBe('');
    }
  });

  it('would be found in each of the spellings that are looked for', () => {
    for (const padding of ['', 'x', 'xx']) {
      const text = Buffer.from(`${padding}${MARK}yy`).toString('base64');
      expect(TRACES.some((trace) => text.includes(trace))).toBe(true);
    }
  });
});
