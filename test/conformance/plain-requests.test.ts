import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/deadline.ts';
import { rawResponse } from '../support/origins.ts';
import { getThrough } from '../support/proxy-client.ts';
import { rawConnect } from '../support/raw-client.ts';
import { refusedGet } from './arena.ts';
import { DENIED, expectRefused, HOST, openPlainLab, type PlainLab, requestTo } from './plain-lab.ts';

let lab: PlainLab;
beforeAll(async () => {
  lab = await openPlainLab();
});
afterAll(async () => {
  expect(lab.arena.dns.queriesFor(DENIED)).toEqual([]);
  await lab[Symbol.asyncDispose]();
});

const GET = (url: string, lines: readonly string[]) => [`GET ${url} HTTP/1.1`, ...lines, '', ''].join('\r\n');

describe('the Host that goes on', () => {
  it.each([
    ['another host', `Host: ${DENIED}`],
    ['another port', `Host: ${HOST}:1`],
    ['no port', `Host: ${HOST}`],
    ['nothing', 'Host:'],
    ['two hosts in one', `Host: ${HOST}, ${DENIED}`],
    ['a URL', `Host: http://${DENIED}/`],
    ['userinfo', `Host: ${HOST}@${DENIED}`],
    ['an address', 'Host: 127.0.0.1'],
    ['odd bytes', 'hOsT: \xff\xfe'],
  ])('is that of the URL, whatever the client wrote: %s', async (_what, host) => {
    const { requests } = await lab.exchange(GET(`${lab.url}/x`, [host]));
    expect(requests.map(({ head }) => head.getAll('host'))).toEqual([[lab.authority]]);
    expect(requests[0]?.head.raw).not.toContain(DENIED);
  });

  it('is canonical, however the URL spells it', async () => {
    const { requests } = await lab.exchange(
      GET(`HTTP://${HOST.toUpperCase()}.:${lab.origin.port}?q=1`, ['Host: a']),
    );
    expect(requests.map(({ target, head }) => [target, head.getAll('host')])).toEqual([
      ['/?q=1', [lab.authority]],
    ]);
  });

  it('cannot be taken away by Connection', async () => {
    const { requests } = await lab.exchange(requestTo(lab, ['Connection: host, via']));
    expect(requests[0]?.head.getAll('host')).toEqual([lab.authority]);
  });
});

describe('what goes on besides', () => {
  it('is the path and query byte for byte', async () => {
    for (const path of [
      '/a//b/../c/./%2e%2E/%00%ff?x=http://evil.example/&y=%23',
      "/;a=1,2'()*!$&+:@~",
      '//evil.example/',
    ]) {
      const { requests } = await lab.exchange(requestTo(lab, [], { path }));
      expect(requests.map(({ target }) => target)).toEqual([path]);
    }
  });

  it('is every end-to-end field in order, and nothing for this hop alone', async () => {
    const lines = [
      'X-One: 1',
      'Connection: keep-alive, X-Mine, TE',
      'Cookie: a=1',
      'X-Mine: for the proxy',
      'Keep-Alive: timeout=5',
      'Proxy-Connection: keep-alive',
      'Proxy-Authorization: Basic eDp5',
      'Proxy-Authenticate: Basic',
      'TE: trailers',
      'Trailer: X-T',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAAQAAP__',
      'cookie: b=2',
      'Via: 1.0 other',
      'x-one: 2',
      'Authorization: Bearer mine',
    ];
    const { requests } = await lab.exchange(requestTo(lab, lines));
    const fields = requests[0]?.head.fields.map(([name, value]) => `${name}: ${value}`) ?? [];
    expect(fields).toEqual([
      `Host: ${lab.authority}`,
      'X-One: 1',
      'Cookie: a=1',
      'cookie: b=2',
      'Via: 1.0 other',
      'x-one: 2',
      'Authorization: Bearer mine',
      expect.stringMatching(/^Via: 1\.1 paude-\w+$/),
      'Connection: keep-alive',
    ]);
  });

  it('is a header of 12 kB, and not one of 20', async () => {
    const { requests } = await lab.exchange(requestTo(lab, [`Cookie: ${'a'.repeat(12_000)}`]));
    expect(requests[0]?.head.get('cookie')).toHaveLength(12_000);
    await expectRefused(lab, requestTo(lab, [`Cookie: ${'a'.repeat(20_000)}`]), {
      status: 431,
      reason: 'headers-too-large',
    });
  });

  it('is 99 fields, and not 101', async () => {
    const fields = (count: number) => Array.from({ length: count }, (_, index) => `X-${index}: 1`);
    const { requests } = await lab.exchange(requestTo(lab, fields(99)));
    expect(requests[0]?.head.fields.filter(([name]) => name.startsWith('X-'))).toHaveLength(99);
    await expectRefused(lab, requestTo(lab, fields(100)), { status: 431, reason: 'headers-too-large' });
  });

  it('is the body of a client that asks first', async () => {
    lab.answer(({ body }, _socket) => rawResponse(body));
    await using connection = await rawConnect(lab.arena.proxy);
    const before = lab.origin.connections.length;
    await connection.send(requestTo(lab, ['Expect: 100-continue', 'Content-Length: 3'], { method: 'POST' }));
    const record = await lab.origin.connection(before);
    await eventually('the head', () => record.received.includes('Expect: 100-continue'));
    record.socket.write('HTTP/1.1 100 Continue\r\n\r\n');
    expect((await connection.readHead()).startLine).toBe('HTTP/1.1 100 Continue');
    await connection.send('abc');
    expect((await connection.readResponse()).body.toString()).toBe('abc');
    lab.answer();
  });

  it('is nothing of an expectation that nobody knows', async () => {
    await expectRefused(
      lab,
      requestTo(lab, ['Expect: 200-ok', 'Content-Length: 3'], { method: 'POST', body: 'abc' }),
      {
        status: 417,
        reason: 'expectation-failed',
      },
    );
  });
});

describe('requests that no proxy forwards', () => {
  it.each([
    ['TRACE', []],
    ['TRACE that may go no further', ['Max-Forwards: 0']],
  ])('%s', async (_what, lines) => {
    await expectRefused(lab, requestTo(lab, lines, { method: 'TRACE' }), {
      status: 405,
      reason: 'method-not-supported',
    });
  });

  it.each([
    ['origin-form', () => '/x', 'not-a-proxy-request'],
    ['a network path', () => `//${HOST}/`, 'not-a-proxy-request'],
    ['authority-form', () => lab.authority, 'bad-target'],
    ['https', () => `https://${lab.authority}/`, 'scheme-not-supported'],
    ['ftp', () => `ftp://${lab.authority}/`, 'scheme-not-supported'],
    ['no scheme', () => `${HOST}/x`, 'bad-target'],
    ['no host', () => 'http:///x', 'bad-target'],
  ])('%s', async (_what, url, reason) => {
    const refusal = await refusedGet(lab.arena, url(), [['Host', lab.authority]]);
    expect([refusal.status, refusal.reason]).toEqual([400, reason]);
  });

  it('OPTIONS for the proxy itself', async () => {
    const answer = await getThrough(lab.arena.proxy, '/x', [['Host', 'a']]);
    expect(answer.status).toBe(400);
    const star = await lab.exchange(`OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect(star.responses[0]?.body.toString()).toContain('Reason: not-a-proxy-request');
    const last = await lab.exchange(requestTo(lab, ['Max-Forwards: 0'], { method: 'OPTIONS' }));
    expect(last.responses.map(({ status }) => status)).toEqual([204]);
    expect(last.requests).toEqual([]);
  });

  it('OPTIONS with forwards left goes on with one less, and for the whole server as *', async () => {
    const { requests } = await lab.exchange(
      requestTo(lab, ['Max-Forwards: 3'], { method: 'OPTIONS', path: '' }),
    );
    expect(requests.map(({ target, head }) => [target, head.get('max-forwards')])).toEqual([['*', '2']]);
  });

  it('plain HTTP to the port of TLS, which is never dialled', async () => {
    const refusal = await refusedGet(lab.arena, `http://${HOST}:443/`);
    expect([refusal.status, refusal.reason]).toEqual([403, 'not-tls']);
  });

  it('a request that has been here before', async () => {
    const { requests } = await lab.exchange(requestTo(lab));
    const via = requests[0]?.head.get('via') ?? '';
    await expectRefused(lab, requestTo(lab, [`Via: 1.0 other, ${via} (a comment)`]), {
      status: 508,
      reason: 'proxy-loop',
    });
  });
});
