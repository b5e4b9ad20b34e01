import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rawConnect } from '../support/raw-client.ts';
import { type Arena, asked, openArena, refusalOf } from './arena.ts';
import { type InterceptLab, openInterceptLab, STUB } from './intercept-lab.ts';

const METADATA = 'metadata.google.internal';
const TOKEN = '/computeMetadata/v1/instance/service-accounts/default/token';
const FLAVOR = 'Metadata-Flavor: Google';
const ADC = JSON.stringify({
  type: 'authorized_user',
  client_id: 'real-client',
  client_secret: 'real-client-secret',
  refresh_token: '1//real-refresh-token',
  quota_project_id: 'lab-project',
});
const ROUTES = `- { name: google, from: { env: LAB_ADC }, inject: { type: gcp-adc }, hosts: [aiplatform.googleapis.com] }`;

let lab: InterceptLab;
beforeAll(async () => {
  lab = await openInterceptLab({
    routes: ROUTES,
    secrets: { LAB_ADC: ADC },
    words: ['all'],
    zone: { [METADATA]: { a: ['127.0.0.1'] } },
  });
});
afterAll(async () => {
  // None was decided on, looked up or forwarded.
  expect(asked(lab.arena, METADATA)).toBe(0);
  await lab?.[Symbol.asyncDispose]();
});

async function send(arena: Arena, target: string, fields: readonly string[], method = 'GET') {
  await using connection = await rawConnect(arena.proxy);
  await connection.send([`${method} ${target} HTTP/1.1`, 'Host: proxy:3128', ...fields, '', ''].join('\r\n'));
  const response = await connection.readResponse({ bodyless: method === 'HEAD' });
  return response;
}

describe('the metadata stand-in', () => {
  it.each([METADATA, '169.254.169.254', 'METADATA.google.internal.', 'metadata', '[fd20:ce::254]'])(
    'vends a stub token to who asks %s through the proxy, before the allowlist or DNS is asked',
    async (host) => {
      const { status, head, body } = await send(lab.arena, `http://${host}${TOKEN}`, [FLAVOR]);
      expect(status).toBe(200);
      expect(head.get('metadata-flavor')).toBe('Google');
      expect(JSON.parse(body.toString())).toEqual({
        access_token: STUB,
        expires_in: 3599,
        token_type: 'Bearer',
      });
    },
  );

  it.each(['/', '/computeMetadata/v1/', TOKEN, '/computeMetadata/v1/project/project-id?alt=text'])(
    'answers %s that was sent to the proxy as if it were the server',
    async (path) => {
      const { status, head } = await send(lab.arena, path, [FLAVOR]);
      expect(status).toBe(200);
      expect(head.get('metadata-flavor')).toBe('Google');
    },
  );

  it('is in the log as a decision of its own, with the route, and in the metrics', async () => {
    const before = lab.arena.audit.events({ reason: 'answered' }).length;
    await send(lab.arena, TOKEN, [FLAVOR]);
    const event = await lab.arena.audit.waitFor(
      (candidate) => candidate === lab.arena.audit.events({ reason: 'answered' })[before],
    );
    expect(event).toMatchObject({
      event: 'decision',
      decision: 'allow',
      host: METADATA,
      port: 80,
      route: 'google',
      detail: 'metadata',
    });
    expect(event.rule).toBeUndefined();
    const metrics = await (await fetch(`${lab.arena.proxy.adminUrl}/metrics`)).text();
    expect(metrics).toMatch(/^paude_proxy_answered_total [1-9]/m);
  });

  it.each<[string, string, readonly string[], string, number]>([
    ['without its field', `http://${METADATA}${TOKEN}`, [], 'GET', 403],
    ['with another flavor', `http://${METADATA}${TOKEN}`, ['Metadata-Flavor: Amazon'], 'GET', 403],
    [
      'that came through another proxy',
      `http://${METADATA}${TOKEN}`,
      [FLAVOR, 'X-Forwarded-For: a'],
      'GET',
      403,
    ],
    [
      'for what it does not have',
      `http://${METADATA}/computeMetadata/v1/instance/attributes/`,
      [FLAVOR],
      'GET',
      404,
    ],
    ['for an identity token', `${TOKEN.replace('token', 'identity')}?audience=x`, [FLAVOR], 'GET', 404],
    ['that writes', `http://${METADATA}${TOKEN}`, [FLAVOR, 'Content-Length: 0'], 'POST', 405],
    ['of the older version', `http://${METADATA}/0.1/meta-data/`, [FLAVOR], 'GET', 404],
    ['of another cloud', 'http://169.254.169.254/latest/meta-data/iam/', [FLAVOR], 'GET', 404],
    [
      'that asks for another protocol',
      `http://${METADATA}${TOKEN}`,
      ['Connection: upgrade', 'Upgrade: websocket'],
      'GET',
      403,
    ],
    ['at another port', `http://${METADATA}:8080${TOKEN}`, [], 'GET', 403],
  ])('answers a request %s itself, too', async (_, target, fields, method, status) => {
    expect((await send(lab.arena, target, fields, method)).status).toBe(status);
  });

  it('keeps the connection of who asks', async () => {
    await using connection = await rawConnect(lab.arena.proxy);
    for (let count = 0; count < 3; count++) {
      await connection.send(`GET ${TOKEN} HTTP/1.1\r\nHost: proxy\r\n${FLAVOR}\r\n\r\n`);
      expect((await connection.readResponse()).status).toBe(200);
    }
  });

  it.each<[string, readonly string[]]>([
    [TOKEN, []],
    [TOKEN, ['Metadata-Flavor: google']],
    ['/latest/meta-data/', [FLAVOR]],
    ['/computeMetadataX', [FLAVOR]],
    ['/metrics', [FLAVOR]],
  ])(
    'does not answer %s with %j sent straight to the proxy: that is no request to a proxy',
    async (path, fields) => {
      const refusal = await refusalOf(lab.arena, await send(lab.arena, path, fields));
      expect(refusal).toMatchObject({ status: 400, reason: 'not-a-proxy-request' });
    },
  );

  it('leaves other hosts to the allowlist', async () => {
    const { status } = await send(lab.arena, `http://metadata.google.internal.evil.example${TOKEN}`, [
      FLAVOR,
    ]);
    expect(status).toBe(502);
  });
});

describe('without Google credentials', () => {
  it('nothing stands in for the metadata server: its address is refused as before', async () => {
    await using arena = await openArena({ words: ['all'] });
    const through = await refusalOf(arena, await send(arena, `http://169.254.169.254${TOKEN}`, [FLAVOR]));
    expect(through).toMatchObject({ status: 403, reason: 'address-not-allowed' });
    const straight = await refusalOf(arena, await send(arena, TOKEN, [FLAVOR]));
    expect(straight).toMatchObject({ status: 400, reason: 'not-a-proxy-request' });
  });

  it('a client that may not use the proxy gets no answer of the stand-in either', async () => {
    await using other = await openInterceptLab({
      routes: ROUTES,
      secrets: { LAB_ADC: ADC },
      flags: ['--client', '192.0.2.1/32'],
    });
    await using connection = await rawConnect(other.arena.proxy);
    await connection.send(`GET ${TOKEN} HTTP/1.1\r\nHost: proxy\r\n${FLAVOR}\r\n\r\n`);
    const response = await connection.readResponse();
    expect(response.body.toString()).toContain('Reason: client-not-allowed');
  });
});
