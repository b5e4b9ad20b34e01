import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { request as ask } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authorityPem } from '../support/certificates.ts';
import { type OriginHandler, type SecureOrigin, secureOrigin } from '../support/origins.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { refusalOf } from './arena.ts';
import { HOST, type InterceptLab, openInterceptLab, request, STUB } from './intercept-lab.ts';

const LOGIN = 'rt-real-0-abcdefghijklmnop';

/** A token endpoint that gives each refresh token one turn, and what was shown to it. */
interface TokenEndpoint {
  readonly origin: SecureOrigin;
  readonly shown: readonly string[];
}

async function tokenEndpoint(): Promise<TokenEndpoint> {
  const shown: string[] = [];
  let current = LOGIN;
  const handler: OriginHandler = (asked, response) => {
    let body = '';
    asked.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    asked.on('end', () => {
      const token = new URLSearchParams(body).get('refresh_token') ?? '';
      shown.push(token);
      const isRight = token === current;
      if (isRight) current = `rt-real-${shown.length}-abcdefghijklmnop`;
      const answer = isRight
        ? { access_token: `at-real-${shown.length}-abcdefgh`, refresh_token: current, expires_in: 3600 }
        : { error: 'invalid_grant' };
      // Late enough that whoever asks at the same time asks before the answer.
      setTimeout(() => {
        response.writeHead(isRight ? 200 : 400, { 'content-type': 'application/json' });
        response.end(JSON.stringify(answer));
      }, 100);
    });
  };
  return { origin: await secureOrigin(handler, { names: ['127.0.0.1'], protocols: ['http/1.1'] }), shown };
}

/** A proxy with a login that is refreshed at that endpoint. */
async function openLab(endpoint: TokenEndpoint, stateFile: string): Promise<InterceptLab> {
  const directory = await temporaryDirectory('tokens');
  const ca = await directory.write('ca.pem', await authorityPem());
  const provider = `{ tokenEndpoint: "https://127.0.0.1:${endpoint.origin.port}/token", clientId: lab }`;
  return openInterceptLab({
    words: ['.lab.example:*', '127.0.0.1:*'],
    routes: `- { name: login, from: { env: LAB_LOGIN }, hosts: ["${HOST}:*"], inject: { type: oauth-refresh, stateFile: ${stateFile}, provider: ${provider} } }`,
    secrets: { LAB_LOGIN: LOGIN },
    process: { env: { NODE_EXTRA_CA_CERTS: ca } },
  });
}

/** Asks the token endpoint through the proxy. */
function grant(lab: InterceptLab, endpoint: TokenEndpoint, token: string) {
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: 'lab',
    refresh_token: token,
  }).toString();
  const head = `POST /token HTTP/1.1\r\nHost: ${endpoint.origin.authority}\r\nContent-Length: ${body.length}\r\n`;
  const bytes = `${head}Content-Type: application/x-www-form-urlencoded\r\n\r\n${body}`;
  return lab.exchange(endpoint.origin, bytes, { host: '127.0.0.1', servername: '' });
}

const bearer = (authority: string) =>
  request(authority).replace(/X-Api-Key: .*/, `Authorization: Bearer ${STUB}`);

describe('a login that the proxy keeps fresh', () => {
  let endpoint: TokenEndpoint;
  let api: SecureOrigin;
  let lab: InterceptLab;
  beforeAll(async () => {
    endpoint = await tokenEndpoint();
    api = await secureOrigin(undefined, { names: [HOST] });
    const directory = await temporaryDirectory('state');
    lab = await openLab(endpoint, directory.join('login.json'));
  });
  afterAll(async () => {
    await lab?.[Symbol.asyncDispose]();
    await api?.close();
    await endpoint?.origin.close();
  });

  it('costs one refresh, however many sessions ask at once', async () => {
    const asking = Array.from({ length: 8 }, () => lab.exchange(api, bearer(`${HOST}:${api.port}`)));
    const answers = await Promise.all(asking);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(endpoint.shown).toEqual([LOGIN]);
    const tokens = new Set(api.requests.map(({ headers }) => headers.authorization));
    expect([...tokens]).toEqual(['Bearer at-real-1-abcdefgh']);
  });

  it('is vended to a session as stubs, and the endpoint hears nothing of it', async () => {
    const before = endpoint.origin.requests.length;
    const { status, body } = await grant(lab, endpoint, STUB);
    expect(status).toBe(200);
    expect(JSON.parse(body.toString())).toMatchObject({ access_token: STUB, refresh_token: STUB });
    expect(endpoint.origin.requests.length).toBe(before);
    const event = await lab.arena.audit.waitFor({ event: 'close', reason: 'answered' });
    expect(event).toMatchObject({ host: '127.0.0.1', decision: 'allow' });
  });

  it.each([
    ['that looks real', 'rt-stolen-elsewhere-123456'],
    ['that was real, and has been used', LOGIN],
    ['that is the newest of all', 'rt-real-1-abcdefghijklmnop'],
    ['with the stub as its beginning', `${STUB}x`],
    ['of no length', ''],
  ])(
    'gives no token for a refresh token %s: it is refused, and never shown to the endpoint',
    async (_, token) => {
      const before = [...endpoint.shown];
      const { status, body } = await grant(lab, endpoint, token);
      expect(status).toBe(400);
      expect(body.toString()).toContain('stub-required');
      expect(body.toString()).not.toContain('real');
      expect(endpoint.shown).toEqual(before);
      const event = await lab.arena.audit.waitFor(
        ({ reason, host }) => reason === 'stub-required' && host === '127.0.0.1',
      );
      expect(event.decision).toBe('deny');
    },
  );

  it('never stands in a log or in the metrics', async () => {
    const metrics = await (await fetch(`${lab.arena.proxy.adminUrl}/metrics`)).text();
    const told = metrics + lab.arena.proxy.stderr + lab.arena.proxy.logLines().join('\n');
    expect(told + JSON.stringify(lab.arena.audit.events())).not.toMatch(/[ar]t-real-|rt-stolen/);
    expect(metrics).toMatch(/^paude_proxy_credential_refreshes_total 1$/m);
  });
});

describe('a token that the service does not want', () => {
  it('is replaced once, and the request sent again once: a second 401 goes to the client', async () => {
    const endpoint = await tokenEndpoint();
    const api = await secureOrigin(
      (asked, response) => {
        asked.resume();
        asked.on('end', () => {
          response.writeHead(401, { 'www-authenticate': `Bearer error="${asked.headers.authorization}"` });
          response.end('no');
        });
      },
      { names: [HOST] },
    );
    await using directory = await temporaryDirectory('state');
    const state = await directory.write(
      'login.json',
      JSON.stringify({
        version: 1,
        login: createHash('sha256').update(LOGIN).digest('hex'),
        refreshToken: LOGIN,
        accessToken: 'at-real-0-old-abcdefgh',
        expiresAtMs: Date.now() + 3_600_000,
      }),
    );
    await using lab = await openLab(endpoint, state);
    const body = 'a body that is sent twice';
    const post = bearer(`${HOST}:${api.port}`)
      .replace('GET', 'POST')
      .replace('\r\n\r\n', `\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    const response = await lab.exchange(api, post);
    expect(response.status).toBe(401);
    expect(api.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer at-real-0-old-abcdefgh',
      'Bearer at-real-1-abcdefgh',
    ]);
    // Neither of the two comes back in what the service says.
    expect(response.head.raw).not.toContain('at-real');
    expect(endpoint.shown).toEqual([LOGIN]);
    // However often the client brings a 401 about, there is no loop.
    for (let count = 0; count < 3; count++) await lab.exchange(api, post);
    expect(endpoint.shown).toEqual([LOGIN]);
    expect(api.requests.length).toBe(5);
    expect(await readFile(state, 'utf8')).toContain('rt-real-1-');
    await api.close();
    await endpoint.origin.close();
  });

  it('a refresh token that was used up elsewhere gives no credential: the requests are refused', async () => {
    const endpoint = await tokenEndpoint();
    const api = await secureOrigin(undefined, { names: [HOST] });
    await using directory = await temporaryDirectory('state');
    await using lab = await openLab(endpoint, directory.join('login.json'));
    await fetchToken(endpoint);
    const refusal = await refusalOf(lab.arena, await lab.exchange(api, bearer(`${HOST}:${api.port}`)));
    expect(refusal).toMatchObject({ status: 502, reason: 'credential-unavailable' });
    expect(refusal.body).not.toContain(LOGIN);
    expect(api.requests).toEqual([]);
    await api.close();
    await endpoint.origin.close();
  });
});

/** Somebody else uses the login. */
async function fetchToken({ origin }: TokenEndpoint): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const asking = ask(
      `${origin.url}/token`,
      { method: 'POST', ca: origin.certificate.caPem },
      (response) => {
        response.resume();
        response.once('end', resolve);
      },
    );
    asking.once('error', reject);
    asking.end(new URLSearchParams({ refresh_token: LOGIN }).toString());
  });
}
