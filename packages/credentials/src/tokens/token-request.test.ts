import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { shown } from '../testing/shown.ts';
import { parametersOf, refusal, tokenServer } from '../testing/token-server.ts';
import { TokenFault } from './access-token.ts';
import { askTokenEndpoint, type Fetch } from './token-request.ts';

const REAL = '5up3r-refresh';

/** Asks an endpoint that answers like this, with a secret in the request. */
async function ask(url: string, fetch: Fetch = globalThis.fetch): Promise<unknown> {
  return askTokenEndpoint(fetch, {
    url,
    headers: { 'content-type': 'application/x-www-form-urlencoded', authorization: `Bearer ${REAL}` },
    body: `refresh_token=${REAL}`,
  });
}

/** Why asking fails; nothing of it may show the secret. */
async function faultOf(url: string, fetch?: Fetch): Promise<TokenFault> {
  const error = await ask(url, fetch).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TokenFault);
  expect(shown(error)).not.toContain(REAL);
  return error as TokenFault;
}

/** A port at which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe('askTokenEndpoint()', () => {
  it('posts, and reads the JSON of the answer', async () => {
    const server = await tokenServer(() => ({ access_token: 'a', expires_in: 3600 }));
    expect(await ask(server.url)).toEqual({ access_token: 'a', expires_in: 3600 });
    const [asked] = server.asked;
    expect(asked).toMatchObject({ method: 'POST', headers: { accept: 'application/json' } });
    expect(asked && parametersOf(asked)).toEqual({ refresh_token: REAL });
  });

  it.each([
    [
      400,
      { error: 'invalid_grant', error_description: `bad ${REAL}` },
      ' answered 400 (invalid_grant)',
      true,
    ],
    [401, { error: { status: 'UNAUTHENTICATED', message: REAL } }, ' answered 401 (UNAUTHENTICATED)', true],
    [403, { error: REAL }, ' answered 403', true],
    [400, { error: { code: REAL } }, ' answered 400', true],
    [408, {}, ' answered 408', false],
    [429, { error: 'rate_limit_error' }, ' answered 429 (rate_limit_error)', false],
    [500, { error: 'server_error' }, ' answered 500 (server_error)', false],
    [503, {}, ' answered 503', false],
  ])('says of a %i what it is, and nothing in free text: %j', async (status, body, why, isPermanent) => {
    const { url } = await tokenServer(() => refusal(status, body));
    const fault = await faultOf(url);
    expect(fault.message).toBe(`the token endpoint at ${new URL(url).host}${why}`);
    expect(fault.isPermanent).toBe(isPermanent);
  });

  it.each(['', 'no json', '[]', '"text"', 'null', `{"access_token":"${REAL}"`])(
    'refuses an answer that is no JSON object: %j',
    async (text) => {
      const { url } = await tokenServer(() => (response) => response.end(text));
      expect((await faultOf(url)).message).toContain('answered with something other than a JSON object');
    },
  );

  it('follows no redirect, which would carry the secret elsewhere', async () => {
    const thief = await tokenServer(() => ({ access_token: 'a' }));
    for (const status of [301, 302, 303, 307, 308]) {
      const { url } = await tokenServer(
        () => (response) => response.writeHead(status, { location: thief.url }).end(),
      );
      expect((await faultOf(url)).message).toContain('cannot be reached');
    }
    expect(thief.asked).toEqual([]);
  });

  it('reads no more than a megabyte', async () => {
    const { url } = await tokenServer(() => (response) => {
      response.on('error', () => undefined);
      response.end(Buffer.alloc(3_000_000, 0x20));
    });
    expect((await faultOf(url)).message).toContain('answered with more than 1048576 bytes');
  });

  it('says with a code why an endpoint cannot be reached', async () => {
    const { url } = await tokenServer(() => (response) => response.destroy());
    expect((await faultOf(url)).message).toMatch(/cannot be reached \([A-Z_]+\)$/);
    const port = await closedPort();
    const refused = await faultOf(`http://127.0.0.1:${port}/token`);
    expect(refused.message).toBe(`the token endpoint at 127.0.0.1:${port} cannot be reached (ECONNREFUSED)`);
    expect(refused.isPermanent).toBe(false);
  });

  it('shows nothing of an error that quotes the request', async () => {
    const quoting: Fetch = async (_, init) => {
      throw Object.assign(new Error(`failed: ${init.body}`), { code: `E-${REAL}`, cause: new Error(REAL) });
    };
    expect((await faultOf('https://token.example.com/x', quoting)).message).toBe(
      'the token endpoint at token.example.com cannot be reached',
    );
  });

  it('gives up on an endpoint that does not answer in time', async () => {
    const slow: Fetch = async () => {
      throw new DOMException(REAL, 'TimeoutError');
    };
    expect((await faultOf('https://token.example.com/x', slow)).message).toContain(
      'cannot be reached in time',
    );
    let signal: AbortSignal | null | undefined;
    const watched: Fetch = async (_, init) => {
      signal = init.signal;
      return Response.json({});
    };
    await ask('https://token.example.com/x', watched);
    expect(signal).toBeInstanceOf(AbortSignal);
  });
});
