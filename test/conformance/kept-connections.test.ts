import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientHello } from '../support/client-hello.ts';
import { eventually } from '../support/deadline.ts';
import { echoOrigin } from '../support/origins.ts';
import { rawConnect } from '../support/raw-client.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { refusalOf } from './arena.ts';
import { DENIED, HOST, openPlainLab, type PlainLab, requestTo } from './plain-lab.ts';

let lab: PlainLab;
beforeAll(async () => {
  lab = await openPlainLab();
});
afterAll(async () => {
  expect(lab.arena.dns.queriesFor(DENIED)).toEqual([]);
  await lab[Symbol.asyncDispose]();
});

describe('a connection that is kept', () => {
  it('has each of its requests decided anew', async () => {
    const ask = (authority: string) => `GET http://${authority}/x HTTP/1.1\r\nHost: ${lab.authority}\r\n\r\n`;
    const { port } = lab.origin;
    await using connection = await rawConnect(lab.arena.proxy);
    const reasons: string[] = [];
    for (const authority of [
      lab.authority,
      `${DENIED}:${port}`,
      lab.authority,
      `127.0.0.1:${port}`,
      `${HOST}:443`,
      lab.authority,
    ]) {
      await connection.send(ask(authority));
      const response = await connection.readResponse();
      reasons.push(response.status === 200 ? 'ok' : (await refusalOf(lab.arena, response)).reason);
    }
    expect(reasons).toEqual(['ok', 'not-listed', 'ok', 'address-not-listed', 'not-tls', 'ok']);
  });

  it('can become a tunnel, which is decided and checked like any other', async () => {
    const echo = untilTestEnds(await echoOrigin());
    await using connection = await rawConnect(lab.arena.proxy);
    await connection.send(requestTo(lab));
    await connection.readResponse();
    await connection.send(`CONNECT ${HOST}:${echo.port} HTTP/1.1\r\nHost: a\r\n\r\nhello`);
    expect((await connection.readHead()).startLine).toContain(' 200 ');
    expect((await connection.readBytes(5)).toString()).toBe('hello');
    await using other = await rawConnect(lab.arena.proxy);
    await other.send(requestTo(lab));
    await other.readResponse();
    await other.send(`CONNECT ${HOST}:${echo.port} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await other.readHead();
    await other.send(clientHello({ serverNames: [DENIED] }));
    expect([...(await other.readToEnd())]).toEqual([21, 3, 3, 0, 2, 2, 112]);
  });

  it.each([
    ['a denied host', () => `CONNECT ${DENIED}:443 HTTP/1.1\r\nHost: a\r\n\r\n`, 'not-listed'],
    ['an odd target', () => `CONNECT ${HOST}:443@${DENIED}:443 HTTP/1.1\r\nHost: a\r\n\r\n`, 'bad-target'],
    [
      'a body',
      () => `CONNECT ${lab.authority} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello`,
      'bad-request',
    ],
    [
      'chunks',
      () => `CONNECT ${lab.authority} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n`,
      'bad-request',
    ],
    ['no Host', () => `CONNECT ${lab.authority} HTTP/1.1\r\n\r\n`, 'bad-request'],
    ['a folded field', () => `CONNECT ${lab.authority} HTTP/1.1\r\nHost: a\r\n b\r\n\r\n`, 'bad-request'],
  ])('cannot become one by a CONNECT with %s', async (_what, connect, reason) => {
    await using connection = await rawConnect(lab.arena.proxy);
    await connection.send(requestTo(lab));
    await connection.readResponse();
    await connection.send(connect());
    expect((await refusalOf(lab.arena, await connection.readResponse())).reason).toBe(reason);
    await connection.readToEnd();
  });

  it.each([
    ['a CONNECT', () => `CONNECT ${lab.authority} HTTP/1.1\r\nHost: a\r\n\r\n`],
    ['a denied CONNECT', () => `CONNECT ${DENIED}:443 HTTP/1.1\r\nHost: a\r\n\r\n`],
    [
      'a WebSocket handshake',
      () => requestTo(lab, ['Connection: Upgrade', 'Upgrade: websocket'], { path: '/hidden' }),
    ],
  ])('is closed when %s comes before an answer is out', async (_what, last) => {
    lab.answer(() => undefined);
    const before = lab.origin.requests.length;
    const seen = lab.arena.audit.events({ detail: 'it came before earlier requests were answered' }).length;
    await using connection = await rawConnect(lab.arena.proxy);
    await connection.send(`${requestTo(lab)}${last()}`);
    expect((await connection.readToEnd()).toString()).toBe('');
    const detail = 'it came before earlier requests were answered';
    await eventually(
      'the refusal',
      () => lab.arena.audit.events({ reason: 'bad-request', detail }).length > seen,
    );
    expect(lab.origin.requests.slice(before).some(({ target }) => target === '/hidden')).toBe(false);
    lab.answer();
  });
});
