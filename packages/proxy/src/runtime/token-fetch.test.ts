import { parseHost } from '@paude/allowlist';
import { describe, expect, it } from 'vitest';
import { authorityPem } from '../../../../test/support/certificates.ts';
import { connectProxy } from '../../../../test/support/connect-proxy.ts';
import {
  deafOrigin,
  httpOrigin,
  type RawAnswer,
  rawHttpOrigin,
  redirectHandler,
  secureOrigin,
  silentOrigin,
  textHandler,
} from '../../../../test/support/origins.ts';
import { untilTestEnds } from '../../../../test/support/teardown.ts';
import type { Connector } from '../dial/connector.ts';
import { upstreamConnector } from '../dial/upstream.ts';
import { TargetTls } from '../intercept/target-tls.ts';
import { Resolver } from '../resolve/resolver.ts';
import { tokenFetch } from './token-fetch.ts';

const NAME = 'token.test';
const FORM = 'grant_type=refresh_token&refresh_token=kept';

/** A fetch that knows where `token.test` is, and trusts the test authority unless told otherwise. */
async function fetchWith({
  connector,
  trusts = true,
}: {
  readonly connector?: Connector;
  readonly trusts?: boolean;
} = {}) {
  return tokenFetch({
    tls: new TargetTls(trusts ? await authorityPem() : undefined),
    resolver: new Resolver({ hosts: new Map([[parseHost(NAME), [parseHost('127.0.0.1')]]]) }),
    connector,
    timeouts: { connectMs: 2000, handshakeMs: 2000 },
  });
}

async function endpoint(handler = textHandler('{"access_token":"a"}')) {
  const origin = untilTestEnds(await secureOrigin(handler, { names: [NAME] }));
  return { origin, url: `https://${NAME}:${origin.port}/token?v=1` };
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'answered',
    (error: { code?: unknown; name?: unknown }) => error.code ?? error.name,
  );

async function rawEndpoint(answer: RawAnswer) {
  const origin = untilTestEnds(await rawHttpOrigin(answer));
  return `http://${origin.authority}/token`;
}

describe('tokenFetch()', () => {
  it('finds an endpoint by the static answers, and trusts the authority that it was given', async () => {
    const { origin, url } = await endpoint();
    const fetch = await fetchWith();
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-more': 'one' },
      body: FORM,
    });
    expect([response.status, await response.text()]).toEqual([200, '{"access_token":"a"}']);
    expect(response.headers.get('content-type')).toBe('text/plain');
    const [request] = origin.requests;
    expect(request).toMatchObject({
      method: 'POST',
      path: '/token?v=1',
      serverName: NAME,
      headers: { host: `${NAME}:${origin.port}`, 'content-length': String(FORM.length), 'x-more': 'one' },
    });
  });

  it('says nothing to an endpoint whose certificate nobody vouches for', async () => {
    const { origin, url } = await endpoint();
    const fetch = await fetchWith({ trusts: false });
    expect(await codeOf(fetch(url, { method: 'POST', body: FORM }))).toMatch(/UNABLE_TO_/);
    expect(origin.requests).toEqual([]);
  });

  it('goes through the upstream proxy, but past it to this machine over plain HTTP', async () => {
    const { origin, url } = await endpoint();
    const plain = untilTestEnds(await httpOrigin(textHandler('metadata')));
    const company = untilTestEnds(await connectProxy(() => ({ host: '127.0.0.1', port: origin.port })));
    const connector = upstreamConnector({ url: new URL(company.url) });
    const fetch = await fetchWith({ connector });
    expect((await fetch(url, { method: 'POST', body: FORM })).status).toBe(200);
    expect(company.targets).toEqual([`127.0.0.1:${origin.port}`]);
    // What has no static answer is for the upstream proxy to find.
    expect(await codeOf(fetch(`https://elsewhere.test:${origin.port}/`, {}))).not.toBe('answered');
    expect(company.targets.at(-1)).toBe(`elsewhere.test:${origin.port}`);
    expect(await (await fetch(plain.url, {})).text()).toBe('metadata');
    expect(company.targets).toHaveLength(2);
    connector.close();
  });

  it('ends with the signal of its request, wherever the endpoint stalls', async () => {
    const fetch = await fetchWith();
    const deaf = untilTestEnds(await deafOrigin());
    const silent = untilTestEnds(await silentOrigin());
    for (const [scheme, { authority }] of [
      ['http', deaf],
      ['http', silent],
      ['https', silent],
    ] as const) {
      const answer = fetch(`${scheme}://${authority}/token`, { signal: AbortSignal.timeout(200) });
      expect(await codeOf(answer)).toBe(DOMException.TIMEOUT_ERR);
    }
    const stalls = await rawEndpoint('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf');
    const response = await fetch(stalls, { signal: AbortSignal.timeout(200) });
    await expect(response.text()).rejects.toThrow();
  });

  it('follows no redirect', async () => {
    const { origin, url } = await endpoint(redirectHandler('https://elsewhere.test/', 307));
    const fetch = await fetchWith();
    expect((await fetch(url, { method: 'POST', body: FORM })).status).toBe(307);
    expect(origin.requests).toHaveLength(1);
  });

  it.each([
    ['a status that there is not', 'HTTP/1.1 999 No\r\nContent-Length: 0\r\n\r\n'],
    ['something other than HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['nothing', ''],
    ['a head without an end', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(40_000)}`],
    ['another protocol', 'HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'],
  ])('rejects when the endpoint answers with %s', async (_what, text) => {
    const url = await rawEndpoint((_request, socket) => void socket.end(text));
    const fetch = await fetchWith();
    expect(await codeOf(fetch(url, { method: 'POST', body: FORM }))).not.toBe('answered');
  });

  it('takes no other scheme', async () => {
    expect(await codeOf((await fetchWith())('ftp://token.test/', {}))).toBe('ERR_INVALID_PROTOCOL');
  });
});
