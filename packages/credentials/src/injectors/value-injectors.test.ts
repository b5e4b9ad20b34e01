import { describe, expect, it } from 'vitest';
import { STUB, stubsOf } from '../request/stub.ts';
import { EnvironmentSecret } from '../secrets/environment-secret.ts';
import { basic, request } from '../testing/request.ts';
import { shown } from '../testing/shown.ts';
import type { Injection, Injector } from './injector.ts';
import { basicInjector, bearerInjector, headerInjector, queryInjector } from './value-injectors.ts';

const REAL = 'real-4f9d8c7b';
const source = new EnvironmentSecret('TOKEN', { TOKEN: REAL });
const context = { stubs: stubsOf(), requireStub: true, otherPlaces: [] };
const authorization = { kind: 'header', name: 'authorization' } as const;

function fieldsOf(injection: Injection): unknown {
  return injection.kind === 'injected' ? injection.head.fields : injection;
}

describe('what each injector sends', () => {
  it.each<[string, Injector, string, readonly string[]]>([
    ['bearer', bearerInjector(source, context), `Bearer ${REAL}`, [REAL]],
    [
      'basic with a user name',
      basicInjector(source, context, { username: 'x-access-token' }),
      basic(`x-access-token:${REAL}`),
      [basic(`x-access-token:${REAL}`).slice(6), REAL],
    ],
  ])('%s', async (_, injector, value, secrets) => {
    const injection = await injector.inject(request({}));
    expect(injection).toMatchObject({ kind: 'injected', secrets, generation: 1 });
    expect(fieldsOf(injection)).toEqual([['authorization', value]]);
  });

  it('basic without a user name takes user and password from the secret', async () => {
    const pair = new EnvironmentSecret('PAIR', { PAIR: `me:${REAL}` });
    const injection = await basicInjector(pair, context).inject(request({}));
    expect(fieldsOf(injection)).toEqual([['authorization', basic(`me:${REAL}`)]]);
    expect(injection).toMatchObject({ secrets: [basic(`me:${REAL}`).slice(6), `me:${REAL}`, REAL] });
  });

  it('header with a name and a prefix of its own', async () => {
    const injector = headerInjector(source, context, { name: 'X-Auth', prefix: 'Key ' });
    expect(injector.place).toBe('header x-auth');
    expect(fieldsOf(await injector.inject(request({})))).toEqual([['x-auth', `Key ${REAL}`]]);
    const stub = request({ fields: [['x-auth', `Key ${STUB}`]] });
    expect(await injector.inject(stub)).toMatchObject({ kind: 'injected' });
  });

  it('query, escaped', async () => {
    const odd = new EnvironmentSecret('KEY', { KEY: 'a/b+c==' });
    const injection = await queryInjector(odd, context, { parameter: 'key' }).inject(
      request({ path: `/v1?alt=sse&k%65y=${STUB}` }),
    );
    expect(injection).toMatchObject({
      head: { path: '/v1?alt=sse&key=a%2Fb%2Bc%3D%3D' },
      secrets: ['a/b+c==', 'a%2Fb%2Bc%3D%3D'],
    });
  });
});

describe('what the client put in the place', () => {
  const injector = bearerInjector(source, context);
  const lax = bearerInjector(source, { ...context, requireStub: false });

  it.each([
    [[['Authorization', `Bearer ${STUB}`]]],
    [[['AUTHORIZATION', STUB]]],
    [
      [
        ['authorization', STUB],
        ['Authorization', `Bearer ${STUB}`],
      ],
    ],
    [[['authorization', '']]],
    [[]],
  ] as [string, string][][][])('is replaced: %j', async (fields) => {
    const all = [['accept', '*/*'], ...fields, ['x-other', 'kept']] as [string, string][];
    const injection = await injector.inject(request({ fields: all }));
    expect(fieldsOf(injection)).toEqual(
      expect.arrayContaining([
        ['accept', '*/*'],
        ['authorization', `Bearer ${REAL}`],
        ['x-other', 'kept'],
      ]),
    );
    expect(fieldsOf(injection)).toHaveLength(3);
  });

  it.each([
    [[['authorization', 'Bearer ghp_leaked1234567890']]],
    [[['Authorization', basic('me:ghp_leaked1234567890')]]],
    [
      [
        ['authorization', STUB],
        ['AUTHORIZATION', 'ghp_leaked1234567890'],
      ],
    ],
  ] as [string, string][][][])('is refused when it is no stub, and not shown: %j', async (fields) => {
    const refusal = await injector.inject(request({ fields }));
    expect(refusal).toEqual({
      kind: 'refused',
      reason: 'stub-required',
      detail: 'header authorization carries something other than the stub of this session',
    });
    const replaced = await lax.inject(request({ fields }));
    expect(fieldsOf(replaced)).toEqual([['authorization', `Bearer ${REAL}`]]);
  });

  it('counts underscores for hyphens, as gateways do', async () => {
    const key = headerInjector(source, context, { name: 'x-api-key' });
    expect(await key.inject(request({ fields: [['X_API_KEY', 'leaked']] }))).toMatchObject({
      reason: 'stub-required',
    });
    expect(fieldsOf(await key.inject(request({ fields: [['x_api_key', STUB]] })))).toEqual([
      ['x-api-key', REAL],
    ]);
  });
});

describe('other places of the same service', () => {
  const key = headerInjector(source, { ...context, otherPlaces: [authorization] }, { name: 'x-api-key' });

  it('loses a stub there, which would spoil the real value', async () => {
    const injection = await key.inject(request({ fields: [['Authorization', `Bearer ${STUB}`]] }));
    expect(fieldsOf(injection)).toEqual([['x-api-key', REAL]]);
  });

  it('refuses another credential there', async () => {
    const refusal = await key.inject(request({ fields: [['Authorization', 'Bearer attacker']] }));
    expect(refusal).toMatchObject({ kind: 'refused', reason: 'stub-required' });
  });

  it('leaves it there when stubs are not required', async () => {
    const lax = headerInjector(
      source,
      { ...context, requireStub: false, otherPlaces: [authorization] },
      { name: 'x-api-key' },
    );
    const injection = await lax.inject(request({ fields: [['Authorization', 'Bearer own']] }));
    expect(fieldsOf(injection)).toEqual([
      ['Authorization', 'Bearer own'],
      ['x-api-key', REAL],
    ]);
  });
});

describe('a stub in another place, beside something else', () => {
  it('stays where stubs are not required: what is there is not ours to take apart', async () => {
    const options = { ...context, requireStub: false, otherPlaces: [authorization] };
    const fields = [
      ['authorization', `Bearer ${STUB}`],
      ['Authorization', 'Bearer own'],
    ] as const;
    const injection = await headerInjector(source, options, { name: 'x-api-key' }).inject(
      request({ fields }),
    );
    expect(fieldsOf(injection)).toEqual([...fields, ['x-api-key', REAL]]);
  });
});

describe('what attackers put beside the stub', () => {
  const query = queryInjector(source, context, { parameter: 'api_key' });
  const bearer = bearerInjector(source, context);

  it.each([
    `/?api_key=${STUB}&api_key=leaked`,
    `/?%61pi_key=leaked`,
    `/?api_key=${STUB}&%61%70%69_key=leaked`,
    `/?API_KEY=leaked`,
    `/?api.key=leaked`,
    `/?api_key[]=leaked`,
    `/?a=1;api_key=leaked`,
    `/?api_key=${STUB}%20leaked`,
    `/?api_key=${STUB}leaked`,
    `/?api_key=leaked%00`,
  ])('%s is refused', async (path) => {
    const refusal = await query.inject(request({ path }));
    expect(refusal).toMatchObject({ kind: 'refused', reason: 'stub-required' });
    expect(shown(refusal)).not.toContain('leaked');
  });

  it.each([
    `Bearer ${STUB} leaked`,
    `Bearer ${STUB},Bearer leaked`,
    `Bearer ${STUB}\tleaked`,
    `Bearer leaked-${STUB}`,
    `Bearer ${STUB}-leaked`,
    `Bearer ${STUB}=leaked`,
    `Digest username="${STUB}", response="leaked"`,
    basic(`leaked:${STUB}:leaked`),
    basic(`${STUB}:leaked`),
    `Basic ${STUB}`,
    'NTLM leaked',
  ])('%s is refused', async (value) => {
    const refusal = await bearer.inject(request({ fields: [['Authorization', value]] }));
    expect(refusal).toMatchObject({ kind: 'refused', reason: 'stub-required' });
    expect(shown(refusal)).not.toContain('leaked');
  });
});

describe('a secret that is not there', () => {
  it.each([
    [undefined, 'variable TOKEN is not set'],
    ['', 'variable TOKEN is empty'],
    ['line\nbreak-5up3r', 'variable TOKEN holds a line break or a NUL, which no header field may carry'],
    ['nul\0-5up3r', 'variable TOKEN holds a line break or a NUL, which no header field may carry'],
    ['ümlaut-5up3r', 'variable TOKEN holds a character outside visible ASCII'],
    [' 5up3r', 'variable TOKEN begins or ends with a space'],
  ])('%j is refused as unavailable and never sent empty', async (value, detail) => {
    const injector = bearerInjector(new EnvironmentSecret('TOKEN', { TOKEN: value }), context);
    const refusal = await injector.inject(request({}));
    expect(refusal).toEqual({ kind: 'refused', reason: 'credential-unavailable', detail });
    expect(shown(refusal)).not.toContain('5up3r');
  });
});

it('shows no secret to whoever prints an injector or an injection', async () => {
  for (const injector of [
    bearerInjector(source, context),
    basicInjector(source, context, { username: 'u' }),
    queryInjector(source, context, { parameter: 'key' }),
  ]) {
    const injection = await injector.inject(request({ path: '/v1?a=1' }));
    expect(injection.kind).toBe('injected');
    for (const object of [injector, source, injection, injection.kind === 'injected' && injection.head]) {
      expect(shown(object)).not.toContain(REAL);
      expect(shown(object)).not.toContain(Buffer.from(`u:${REAL}`).toString('base64'));
    }
  }
});
