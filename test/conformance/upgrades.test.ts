import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { within } from '../support/deadline.ts';
import { rawConnect } from '../support/raw-client.ts';
import { refusalOf } from './arena.ts';
import { expectRefused, openPlainLab, type PlainLab, requestTo } from './plain-lab.ts';

let lab: PlainLab;
beforeAll(async () => {
  lab = await openPlainLab();
});
afterAll(() => lab[Symbol.asyncDispose]());

const WEB_SOCKET = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
const KEY = 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==';
const H2C = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'];
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const switching = (...lines: readonly string[]) =>
  ['HTTP/1.1 101 Switching Protocols', ...lines, '', 'evil'].join('\r\n');

describe('an upgrade that the proxy does not speak is no part of the request that goes on', () => {
  it.each<[string, readonly string[]]>([
    ['h2c', H2C],
    ['h2c in capitals', ['Connection: UPGRADE', 'Upgrade: H2C']],
    ['h2c behind WebSocket', ['Connection: Upgrade', 'Upgrade: websocket, h2c']],
    ['h2c in front of WebSocket', ['Connection: Upgrade', 'Upgrade: h2c', 'Upgrade: websocket']],
    ['WebSocket twice', ['Connection: Upgrade', 'Upgrade: websocket', 'Upgrade: websocket']],
    ['WebSocket of some version', ['Connection: Upgrade', 'Upgrade: websocket/13']],
    ['HTTP/2.0', ['Connection: Upgrade', 'Upgrade: HTTP/2.0']],
    ['TLS', ['Connection: Upgrade', 'Upgrade: TLS/1.2, HTTP/1.1']],
    ['a tunnel for UDP', ['Connection: Upgrade', 'Upgrade: connect-udp', 'Capsule-Protocol: ?1']],
    ['IRC', ['Connection: Upgrade', 'Upgrade: IRC/6.9']],
    ['nothing', ['Connection: Upgrade', 'Upgrade:']],
    ['WebSocket that Connection does not name', ['Connection: keep-alive', 'Upgrade: websocket', KEY]],
    ['WebSocket without a Connection', ['Upgrade: websocket', KEY]],
  ])('%s', async (_what, lines) => {
    const { requests, responses } = await lab.exchange(requestTo(lab, lines));
    expect(responses.map(({ status }) => status)).toEqual([200]);
    expect(requests.map(({ target }) => target)).toEqual(['/x']);
    expect(requests[0]?.head.raw).not.toMatch(/^(upgrade|http2-settings):|connection:.*upgrade/im);
  });

  it('in HTTP/1.0, which has no upgrades: also not WebSocket', async () => {
    const lines = [`GET ${lab.url}/x HTTP/1.0`, `Host: ${lab.authority}`, ...WEB_SOCKET, KEY, '', ''];
    await using connection = await rawConnect(lab.arena.proxy);
    const before = lab.origin.requests.length;
    await connection.send(lines.join('\r\n'));
    expect((await connection.readResponse()).status).toBe(200);
    expect(lab.origin.requests[before]?.head.raw).not.toMatch(/upgrade/i);
  });

  it('with a body: the body is one', async () => {
    const body = requestTo(lab, [], { path: '/hidden' });
    const lines = [...H2C, `Content-Length: ${body.length}`];
    const { requests } = await lab.exchange(requestTo(lab, lines, { method: 'POST', body }));
    expect(requests.map((request) => [request.target, request.body.toString()])).toEqual([['/x', body]]);
  });

  it('with chunks, of which the parser would not say that they are malformed: refused', async () => {
    for (const chunks of ['3\r\nabc\r\n0\r\n\r\n', 'zz\r\n']) {
      const lines = [...H2C, 'Transfer-Encoding: chunked'];
      await expectRefused(lab, requestTo(lab, lines, { method: 'POST', body: chunks }), {
        status: 400,
        reason: 'bad-request',
        why: 'a request for another protocol is chunked',
      });
    }
  });

  it.each([
    ['a request', () => requestTo(lab, [], { path: '/hidden' })],
    ['a CONNECT', () => `CONNECT ${lab.authority} HTTP/1.1\r\nHost: a\r\n\r\n`],
    ['a WebSocket handshake', () => requestTo(lab, [...WEB_SOCKET, KEY], { path: '/hidden' })],
    ['the preface of HTTP/2', () => PREFACE],
    ['what is no HTTP', () => 'zz\r\n\r\n'],
  ])('%s behind it is not read: the connection ends with its answer', async (_what, behind) => {
    const before = lab.origin.requests.length;
    await using connection = await rawConnect(lab.arena.proxy);
    await connection.send(`${requestTo(lab, H2C)}${behind()}`);
    const answer = (await connection.readToEnd()).toString();
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(answer).toMatch(/^HTTP\/1\.1 200 [\s\S]*\r\nConnection: close\r\n/);
    expect(lab.origin.requests.slice(before).map(({ target }) => target)).toEqual(['/x']);
    expect(lab.arena.audit.events({ method: 'CONNECT' })).toEqual([]);
  });
});

describe('HTTP/2 without asking', () => {
  it.each<[string, string]>([
    ['its preface', PREFACE],
    ['its preface and a settings frame', `${PREFACE}\0\0\0\x04\0\0\0\0\0`],
    ['its preface behind an empty line', `\r\n${PREFACE}`],
  ])('%s is refused', async (_what, bytes) => {
    await expectRefused(lab, bytes, { status: 400, reason: 'bad-request' });
  });
});

describe('a target that switches to something else than it was asked', () => {
  it.each<[string, string]>([
    ['h2c', switching('Connection: Upgrade', 'Upgrade: h2c')],
    ['WebSocket and h2c', switching('Connection: Upgrade', 'Upgrade: websocket, h2c')],
    ['nothing', switching('Connection: Upgrade')],
    ['nothing by name', switching('Connection: Upgrade', 'Upgrade:')],
    ['WebSocket in HTTP/1.0', switching('Connection: Upgrade', 'Upgrade: websocket').replace('1.1', '1.0')],
  ])('has failed: %s', async (_what, answer) => {
    lab.answer(answer);
    const before = lab.origin.connections.length;
    await using connection = await rawConnect(lab.arena.proxy);
    await connection.send(requestTo(lab, [...WEB_SOCKET, KEY]));
    const response = await connection.readResponse();
    const refusal = await refusalOf(lab.arena, response);
    expect(refusal).toMatchObject({ status: 502, reason: 'target-protocol-error' });
    expect(response.body.toString()).not.toContain('evil');
    await connection.readToEnd();
    await within((await lab.origin.connection(before)).finished, 'the target to be let go');
    lab.answer();
  });

  it('to WebSocket with a length or chunks: neither goes on, and what follows is the new protocol', async () => {
    for (const framing of ['Content-Length: 2', 'Transfer-Encoding: chunked']) {
      lab.answer(switching('Connection: Upgrade', 'Upgrade: websocket', framing));
      await using connection = await rawConnect(lab.arena.proxy);
      await connection.send(requestTo(lab, [...WEB_SOCKET, KEY]));
      const head = await connection.readHead();
      expect(head.startLine).toContain(' 101 ');
      expect(head.raw).not.toMatch(/length|encoding/i);
      expect((await connection.readBytes(4)).toString()).toBe('evil');
    }
    lab.answer();
  });
});
