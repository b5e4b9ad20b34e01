import { describe, expect, it } from 'vitest';
import { shown } from '../testing/shown.ts';
import { type AccessToken, TokenFault } from './access-token.ts';
import { TokenKeeper, type TokenKeeperOptions } from './token-keeper.ts';

const HOUR_MS = 3_600_000;

/** A keeper at a clock that is set by hand, whose endpoint gives `token-1`, `token-2`, … until it is told to fail. */
function stage(options: Partial<TokenKeeperOptions> = {}) {
  const state = { now: 0, fetched: 0, lifeMs: HOUR_MS as number | undefined, fault: undefined as unknown };
  const events: string[] = [];
  const fetchToken = async (): Promise<AccessToken> => {
    const value = `token-${++state.fetched}`;
    await Promise.resolve();
    if (state.fault !== undefined) throw state.fault;
    return { value, expiresAtMs: state.lifeMs === undefined ? undefined : state.now + state.lifeMs };
  };
  const keeper = new TokenKeeper({
    fetchToken,
    now: () => state.now,
    observe: ({ kind, detail }) => events.push(detail === undefined ? kind : `${kind}: ${detail}`),
    ...options,
  });
  return { keeper, state, events };
}

/** Lets what was started in the background end. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('TokenKeeper', () => {
  it('asks once for any number of callers', async () => {
    const { keeper, state, events } = stage();
    const readings = await Promise.all(Array.from({ length: 100 }, () => keeper.get()));
    expect(readings.every((reading) => reading.kind === 'token' && reading.value === 'token-1')).toBe(true);
    expect(state.fetched).toBe(1);
    expect(events).toEqual(['refreshed']);
  });

  it('replaces a token five minutes before its end, and goes on with the old one meanwhile', async () => {
    const { keeper, state } = stage();
    await keeper.get();
    state.now = HOUR_MS - 300_001;
    await keeper.get();
    expect(state.fetched).toBe(1);
    state.now += 1;
    expect(await keeper.get()).toMatchObject({ value: 'token-1', generation: 1 });
    await settled();
    expect(await keeper.get()).toMatchObject({ value: 'token-2', generation: 2 });
    expect(state.fetched).toBe(2);
  });

  it('replaces a short-lived token only in the last tenth of its life', async () => {
    const { keeper, state } = stage();
    state.lifeMs = 60_000;
    await keeper.get();
    state.now = 53_999;
    await keeper.get();
    await settled();
    expect(state.fetched).toBe(1);
    state.now = 54_000;
    await keeper.get();
    await settled();
    expect(state.fetched).toBe(2);
  });

  it('waits for a new token when the old one is over', async () => {
    const { keeper, state } = stage();
    await keeper.get();
    state.now = HOUR_MS;
    expect(await keeper.get()).toMatchObject({ value: 'token-2' });
  });

  it('takes an hour for the life of a token of which nobody said how long it lasts', async () => {
    const { keeper, state } = stage();
    state.lifeMs = undefined;
    await keeper.get();
    state.now = HOUR_MS - 1;
    expect(await keeper.get()).toMatchObject({ value: 'token-1' });
    await settled();
    state.now = HOUR_MS;
    expect(await keeper.get()).toMatchObject({ value: 'token-2' });
  });

  it('begins with a token from before, and asks for none while it lasts', async () => {
    const { keeper, state } = stage({ initial: { value: 'kept', expiresAtMs: HOUR_MS } });
    expect(await keeper.get()).toMatchObject({ value: 'kept' });
    expect(state.fetched).toBe(0);
    state.now = HOUR_MS;
    expect(await keeper.get()).toMatchObject({ value: 'token-1' });
  });

  it('does not begin with a token that cannot be sent', async () => {
    const { keeper } = stage({ initial: { value: 'kept\r\nx-evil: 1', expiresAtMs: HOUR_MS } });
    expect(await keeper.get()).toMatchObject({ value: 'token-1' });
  });

  it.each([
    ['', 'the access token that was given is empty'],
    ['5up3r\r\nx-evil: 1', 'the access token that was given holds a line break or a NUL'],
    ['5up3r ', 'the access token that was given begins or ends with a space'],
  ])('takes no token that cannot be sent: %j', async (value, detail) => {
    const { keeper, events } = stage({ fetchToken: async () => ({ value, expiresAtMs: undefined }) });
    const reading = await keeper.get();
    expect(reading).toEqual({ kind: 'fault', detail: expect.stringContaining(detail) });
    expect(shown([reading, events, keeper])).not.toContain('5up3r');
  });

  it('says so when a token has ended before it came', async () => {
    const { keeper } = stage({ fetchToken: async () => ({ value: 'old', expiresAtMs: -1 }) });
    expect(await keeper.get()).toEqual({
      kind: 'fault',
      detail: 'the access token that was given has already ended; see to the clock',
    });
  });
});

describe('TokenKeeper when no token comes', () => {
  it('pauses for longer and longer, and asks for nothing in between', async () => {
    const { keeper, state } = stage();
    state.fault = new TokenFault('the endpoint is down');
    const askedAtS: number[] = [];
    for (let second = 0; second < 600; second++) {
      state.now = second * 1000;
      const before = state.fetched;
      expect(await keeper.get()).toEqual({ kind: 'fault', detail: 'the endpoint is down' });
      if (state.fetched > before) askedAtS.push(second);
    }
    expect(askedAtS).toEqual([0, 1, 3, 7, 15, 31, 63, 127, 255, 511]);
  });

  it('begins again with short pauses after a success', async () => {
    const { keeper, state } = stage();
    state.fault = new TokenFault('down');
    for (const at of [0, 1000, 3000]) {
      state.now = at;
      await keeper.get();
    }
    state.fault = undefined;
    state.now = 7000;
    expect(await keeper.get()).toMatchObject({ kind: 'token' });
    state.fault = new TokenFault('down');
    state.now = 7000 + HOUR_MS;
    await keeper.get();
    const { fetched } = state;
    state.now += 1000;
    await keeper.get();
    expect(state.fetched).toBe(fetched + 1);
  });

  it('takes the longest pause at once when trying again cannot help', async () => {
    const { keeper, state } = stage();
    state.fault = new TokenFault('revoked', { isPermanent: true });
    await keeper.get();
    state.now = 299_999;
    await keeper.get();
    expect(state.fetched).toBe(1);
    state.now = 300_000;
    await keeper.get();
    expect(state.fetched).toBe(2);
  });

  it('goes on with a token that still lasts', async () => {
    const { keeper, state, events } = stage();
    await keeper.get();
    state.fault = new TokenFault('down');
    state.now = HOUR_MS - 60_000;
    expect(await keeper.get()).toMatchObject({ value: 'token-1' });
    await settled();
    expect(events).toEqual(['refreshed', 'refresh-failed: down']);
    expect(await keeper.get()).toMatchObject({ value: 'token-1' });
    state.now = HOUR_MS;
    expect(await keeper.get()).toEqual({ kind: 'fault', detail: 'down' });
  });

  it('shows nothing of an error that is not its own', async () => {
    const { keeper, state, events } = stage();
    state.fault = new Error('POST refresh_token=5up3r', { cause: new Error('5up3r') });
    const reading = await keeper.get();
    expect(reading).toEqual({ kind: 'fault', detail: 'asking for a token failed unexpectedly' });
    expect(shown([reading, events, keeper])).not.toContain('5up3r');
  });
});

describe('TokenKeeper after a 401', () => {
  it('gets one new token for all who had the old one', async () => {
    const { keeper, state } = stage();
    await keeper.get();
    state.now = 60_000;
    const helped = await Promise.all(Array.from({ length: 20 }, () => keeper.refreshAfter(1)));
    expect(helped).toEqual(Array.from({ length: 20 }, () => true));
    expect(state.fetched).toBe(2);
    // Who comes late with the old one is told that there is a newer one already.
    expect(await keeper.refreshAfter(1)).toBe(true);
    expect(state.fetched).toBe(2);
  });

  it('does not replace a token that is younger than a minute, however often a client brings a 401 about', async () => {
    const { keeper, state } = stage();
    const { kind } = await keeper.get();
    expect(kind).toBe('token');
    for (let generation = 1, second = 0; second < 600; second++) {
      state.now = second * 1000;
      await keeper.refreshAfter(generation);
      const reading = await keeper.get();
      if (reading.kind === 'token') generation = reading.generation;
    }
    expect(state.fetched).toBe(10);
  });

  it('says that there is none when the endpoint refuses', async () => {
    const { keeper, state } = stage();
    await keeper.get();
    state.now = 60_000;
    state.fault = new TokenFault('revoked', { isPermanent: true });
    expect(await keeper.refreshAfter(1)).toBe(false);
    expect(await keeper.refreshAfter(1)).toBe(false);
    expect(state.fetched).toBe(2);
  });
});
