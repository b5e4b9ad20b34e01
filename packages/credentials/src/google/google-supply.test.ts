import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { STUB, stubsOf } from '../request/stub.ts';
import { EnvironmentSecret } from '../secrets/environment-secret.ts';
import { FileSecret } from '../secrets/file-secret.ts';
import { emptyFault, type SecretSource } from '../secrets/secret-source.ts';
import { request } from '../testing/request.ts';
import { shown } from '../testing/shown.ts';
import { temporary } from '../testing/temporary.ts';
import { parametersOf, type Reply, refusal, tokenServer } from '../testing/token-server.ts';
import { CLOUD_PLATFORM } from './adc-token.ts';
import { gcpAdcInjector } from './gcp-adc.ts';
import { GoogleSupply, type GoogleSupplyOptions } from './google-supply.ts';

const context = { stubs: stubsOf(), requireStub: true, otherPlaces: [] };

/** A login of a user, whose refresh token shows in the access token that the server below gives. */
function login(refreshToken: string, url: string, more: object = {}): string {
  const secrets = { client_id: 'id', client_secret: '5up3r', refresh_token: refreshToken };
  return JSON.stringify({ type: 'authorized_user', ...secrets, token_uri: url, ...more });
}

/** An endpoint that gives `token-1-of-REFRESH`, `token-2-of-REFRESH`, … */
async function endpoint() {
  let count = 0;
  return tokenServer((asked): Reply => {
    const refreshToken = String(parametersOf(asked).refresh_token);
    if (refreshToken === 'revoked') return refusal(400, { error: 'invalid_grant' });
    return { access_token: `token-${++count}-of-${refreshToken}`, expires_in: 3600 };
  });
}

function supplyOf(source: SecretSource | undefined, options: Partial<GoogleSupplyOptions> = {}) {
  return new GoogleSupply({
    source,
    scopes: [CLOUD_PLATFORM],
    allowExecutable: false,
    fetch: globalThis.fetch,
    ...options,
  });
}

const fromVariable = (text: string) =>
  new EnvironmentSecret('GCP_ADC_JSON', { GCP_ADC_JSON: text }, { check: emptyFault });

describe('GoogleSupply', () => {
  it('asks once for any number of sessions, and shows no secret', async () => {
    const server = await endpoint();
    const supply = supplyOf(fromVariable(login('5up3r-refresh', server.url)));
    const readings = await Promise.all(Array.from({ length: 30 }, () => supply.get()));
    expect(new Set(readings.map((reading) => reading.kind === 'token' && reading.value))).toEqual(
      new Set(['token-1-of-5up3r-refresh']),
    );
    expect(server.asked).toHaveLength(1);
    expect(shown(supply)).not.toContain('5up3r');
  });

  it('takes the new credentials when the file changes, and does not mix up their tokens', async () => {
    const server = await endpoint();
    const path = join(await temporary(), 'adc.json');
    await writeFile(path, login('one', server.url, { project_id: 'p-1' }));
    const supply = supplyOf(new FileSecret(path, { check: emptyFault, recheckMs: 0 }));
    const first = await supply.get();
    expect(first).toMatchObject({ value: 'token-1-of-one' });
    expect(supply.facts?.projectId).toBe('p-1');
    await writeFile(path, login('two', server.url, { project_id: 'p-2' }));
    const second = await supply.get();
    expect(second).toMatchObject({ value: 'token-2-of-two' });
    expect(supply.facts?.projectId).toBe('p-2');
    // A 401 to the token of the old credentials needs no further one.
    expect(first.kind === 'token' && (await supply.refreshAfter(first.generation))).toBe(true);
    expect(server.asked).toHaveLength(2);
  });

  it('looks into the file at once when a token is refused', async () => {
    const server = await endpoint();
    const path = join(await temporary(), 'adc.json');
    await writeFile(path, login('one', server.url));
    const supply = supplyOf(new FileSecret(path, { check: emptyFault, recheckMs: 3_600_000 }));
    const first = await supply.get();
    await writeFile(path, login('two', server.url));
    expect(first.kind === 'token' && (await supply.refreshAfter(first.generation))).toBe(true);
    expect(await supply.get()).toMatchObject({ value: 'token-2-of-two' });
  });

  it('gets one newer token for all whose token was refused', async () => {
    const server = await endpoint();
    let now = 0;
    const source = fromVariable(login('one', server.url));
    const supply = supplyOf(source, { keeper: { now: () => now } });
    const first = await supply.get();
    now = 120_000;
    const generation = first.kind === 'token' ? first.generation : -1;
    expect(await Promise.all([supply.refreshAfter(generation), supply.refreshAfter(generation)])).toEqual([
      true,
      true,
    ]);
    expect(server.asked).toHaveLength(2);
  });

  it('says what is wrong, without asking anybody', async () => {
    const server = await endpoint();
    const check = (text: string | undefined) =>
      supplyOf(new EnvironmentSecret('ADC', { ADC: text }, { check: emptyFault })).check();
    expect(await check(undefined)).toBe('variable ADC is not set');
    expect(await check(' ')).toBe('variable ADC is empty');
    expect(await check('{"type":"5up3r"}')).toContain('variable ADC holds no credentials of a type');
    expect(await check(login('one', server.url))).toBeUndefined();
    expect(server.asked).toEqual([]);
  });

  it('tells of failures, with the reason that the endpoint gave', async () => {
    const server = await endpoint();
    const events: unknown[] = [];
    const supply = supplyOf(fromVariable(login('revoked', server.url)), {
      observe: (event) => events.push(event),
    });
    const detail = `the token endpoint at ${new URL(server.url).host} answered 400 (invalid_grant)`;
    expect(await supply.get()).toEqual({ kind: 'fault', detail });
    expect(await supply.get()).toEqual({ kind: 'fault', detail });
    expect(events).toEqual([{ kind: 'refresh-failed', detail }]);
    expect(server.asked).toHaveLength(1);
  });

  it('says so when an endpoint gives no token', async () => {
    const { url } = await tokenServer(() => ({ expires_in: 3600 }));
    const reading = await supplyOf(fromVariable(login('one', url))).get();
    const detail = `the token endpoint at ${new URL(url).host} answered with something that cannot be used`;
    expect(reading).toEqual({ kind: 'fault', detail });
  });
});

describe('GoogleSupply from the metadata server', () => {
  it('asks for a token of the scopes', async () => {
    const server = await tokenServer(() => ({ access_token: 'ya29.vm', expires_in: 3599 }));
    const supply = supplyOf(undefined, { metadataServer: server.url, scopes: ['https://a/', 'https://b/'] });
    expect(await supply.check()).toBeUndefined();
    expect(await supply.get()).toMatchObject({ value: 'ya29.vm' });
    expect(await supply.get()).toMatchObject({ value: 'ya29.vm' });
    expect(server.asked).toMatchObject([
      {
        method: 'GET',
        path: '/computeMetadata/v1/instance/service-accounts/default/token?scopes=https%3A%2F%2Fa%2F%2Chttps%3A%2F%2Fb%2F',
        headers: { 'metadata-flavor': 'Google' },
      },
    ]);
  });

  it.each<[Reply, string]>([
    [{ expires_in: 3599 }, 'the metadata server gave no access token'],
    [refusal(404, {}), 'answered 404'],
  ])('says why there is none', async (reply, why) => {
    const server = await tokenServer(() => reply);
    const reading = await supplyOf(undefined, { metadataServer: server.url }).get();
    expect(reading).toEqual({ kind: 'fault', detail: expect.stringContaining(why) });
  });
});

describe('gcpAdcInjector()', () => {
  const fields = async (json: object, sent: readonly [string, string][], quotaProject?: string) => {
    const server = await endpoint();
    const supply = supplyOf(fromVariable(login('one', server.url, json)));
    const injection = await gcpAdcInjector(supply, context, { quotaProject }).inject(
      request({ fields: sent }),
    );
    return injection.kind === 'injected' ? Object.fromEntries(injection.head.fields) : injection;
  };
  const authorization = 'Bearer token-1-of-one';

  it('puts a token on the request', async () => {
    expect(await fields({}, [['Authorization', `Bearer ${STUB}`]])).toEqual({ authorization });
  });

  it('lets the quota project of the credentials, or of the route, replace that of the client', async () => {
    const theirs = 'x-goog-user-project';
    expect(await fields({ quota_project_id: 'q' }, [[theirs, 'other']])).toEqual({
      authorization,
      [theirs]: 'q',
    });
    expect(await fields({ quota_project_id: 'q' }, [], 'route')).toEqual({
      authorization,
      [theirs]: 'route',
    });
    expect(await fields({}, [[theirs, 'other']])).toEqual({ authorization, [theirs]: 'other' });
    expect(await fields({}, [[theirs, STUB]])).toEqual({ authorization });
  });
});
