import { describe, expect, it } from 'vitest';
import { STUB, stubsOf } from '../request/stub.ts';
import { request } from '../testing/request.ts';
import { shown } from '../testing/shown.ts';
import { TokenInjector } from './token-injector.ts';
import type { TokenReading } from './token-keeper.ts';

const REAL = 'ya29.5up3r';
const apiKey = { kind: 'header', name: 'x-api-key' } as const;

/** An injector with this token, and how often it was asked for. */
function stage(reading: TokenReading = { kind: 'token', value: REAL, generation: 7 }, requireStub = true) {
  const calls = { get: 0, refreshed: [] as number[] };
  const injector = new TokenInjector({
    type: 'test',
    stubs: stubsOf(),
    requireStub,
    otherPlaces: [apiKey],
    supply: {
      async get() {
        calls.get++;
        return reading;
      },
      async refreshAfter(generation) {
        calls.refreshed.push(generation);
        return true;
      },
    },
    complete: (head) => ({ ...head, fields: [...head.fields, ['x-account', 'acct']] }),
  });
  return { injector, calls };
}

describe('TokenInjector', () => {
  it('puts the token in the place of the stub, and adds what the service wants to see', async () => {
    const { injector } = stage();
    const head = request({
      fields: [
        ['accept', '*/*'],
        ['Authorization', `Bearer ${STUB}`],
        ['x-api-key', STUB],
      ],
    });
    const injection = await injector.inject(head);
    expect(injection).toMatchObject({ kind: 'injected', secrets: [REAL], generation: 7 });
    expect(injection.kind === 'injected' && injection.head.fields).toEqual([
      ['accept', '*/*'],
      ['x-account', 'acct'],
      ['authorization', `Bearer ${REAL}`],
    ]);
    expect(shown([injector, injection])).not.toContain(REAL);
  });

  it('refuses another credential before it asks for a token', async () => {
    const { injector, calls } = stage();
    for (const fields of [
      [['authorization', 'Bearer l34ked']],
      [['authorization', `Bearer ${STUB}, Bearer l34ked`]],
      [['x-api-key', 'l34ked']],
      [['X_API_KEY', 'l34ked']],
    ] as const) {
      const refusal = await injector.inject(request({ fields }));
      expect(refusal).toMatchObject({ kind: 'refused', reason: 'stub-required' });
      expect(shown(refusal)).not.toContain('l34ked');
    }
    expect(calls.get).toBe(0);
  });

  it('replaces another credential where stubs are not required', async () => {
    const { injector } = stage(undefined, false);
    const injection = await injector.inject(request({ fields: [['authorization', 'Bearer other']] }));
    expect(injection.kind === 'injected' && injection.head.fields).toEqual([
      ['x-account', 'acct'],
      ['authorization', `Bearer ${REAL}`],
    ]);
  });

  it('refuses the request when there is no token', async () => {
    const { injector } = stage({ kind: 'fault', detail: 'the endpoint is down' });
    expect(await injector.inject(request({}))).toEqual({
      kind: 'refused',
      reason: 'credential-unavailable',
      detail: 'the endpoint is down',
    });
  });

  it('asks its supply for a fresh token, never for the body of a request', async () => {
    const { injector, calls } = stage();
    expect(injector.refreshable).toBe(true);
    expect(injector.needsBody()).toBe(false);
    expect(injector.place).toBe('header authorization');
    expect(await injector.refreshAfter(7)).toBe(true);
    expect(calls.refreshed).toEqual([7]);
  });
});
