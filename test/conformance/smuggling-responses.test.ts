import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, within } from '../support/deadline.ts';
import { rawConnect } from '../support/raw-client.ts';
import { refusalOf } from './arena.ts';
import { openPlainLab, type PlainLab, requestTo } from './plain-lab.ts';

const OK = 'HTTP/1.1 200 OK\r\n';
/** A response that must never reach a client. */
const EVIL = 'HTTP/1.1 200 OK\r\nContent-Length: 11\r\nX-Evil: 1\r\n\r\nevil answer';

let lab: PlainLab;
beforeAll(async () => {
  lab = await openPlainLab();
});
afterAll(() => lab[Symbol.asyncDispose]());

/** What the target answers to the first request on a connection; it then closes, if it is to. */
const answerWith = (bytes: string, ending: 'stay' | 'close' = 'stay') =>
  lab.answer((_request, socket) => {
    socket.write(Buffer.from(bytes, 'latin1'));
    if (ending === 'close') socket.end();
    return undefined;
  });

describe('a response that can be read in two ways is none', () => {
  it.each<[string, string]>([
    [
      'Transfer-Encoding, then Content-Length',
      `${OK}Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
    ],
    [
      'Content-Length, then Transfer-Encoding',
      `${OK}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
    ],
    ['the same length twice', `${OK}Content-Length: 2\r\nContent-Length: 2\r\n\r\nok`],
    ['two lengths', `${OK}Content-Length: 2\r\nContent-Length: 90\r\n\r\nok${EVIL}`],
    ['two lengths in one', `${OK}Content-Length: 2, 2\r\n\r\nok`],
    ['a negative length', `${OK}Content-Length: -2\r\n\r\nok`],
    ['a length with a plus', `${OK}Content-Length: +2\r\n\r\nok`],
    ['a hexadecimal length', `${OK}Content-Length: 0x2\r\n\r\nok`],
    ['an empty length', `${OK}Content-Length:\r\n\r\n`],
    ['a length of 2^63', `${OK}Content-Length: 9223372036854775808\r\n\r\nok`],
    ['a coding that nobody asked for', `${OK}Transfer-Encoding: gzip\r\n\r\nok`],
    ['gzip, chunked', `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`],
    ['identity', `${OK}Transfer-Encoding: identity\r\n\r\nok`],
    ['xchunked', `${OK}Transfer-Encoding: xchunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`],
    ['chunked twice', `${OK}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['chunked in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'],
    ['LF alone at every line', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok'],
    [
      'LF alone in a field: a header of the sender’s own',
      `${OK}X-A: 1\nSet-Cookie: evil\r\nContent-Length: 2\r\n\r\nok`,
    ],
    ['CR alone in a field', `${OK}X-A: 1\rSet-Cookie: evil\r\nContent-Length: 2\r\n\r\nok`],
    ['LF LF in a field: a body of the sender’s own', `${OK}X-A: 1\n\nevil\r\nContent-Length: 2\r\n\r\nok`],
    ['a NUL in a field', `${OK}X-A: 1\x002\r\nContent-Length: 2\r\n\r\nok`],
    ['a DEL in a field', `${OK}X-A: \x7f\r\nContent-Length: 2\r\n\r\nok`],
    ['a folded field', `${OK}X-A: 1\r\n Content-Length: 90\r\nContent-Length: 2\r\n\r\nok`],
    ['a space before a colon', `${OK}Content-Length : 2\r\n\r\nok`],
    ['a line without a colon', `${OK}Content-Length: 2\r\nX-A\r\n\r\nok`],
    ['a control character in its phrase', 'HTTP/1.1 200 a\x01b\r\nContent-Length: 2\r\n\r\nok'],
    ['a CR in its phrase', 'HTTP/1.1 200 a\rb\r\nContent-Length: 2\r\n\r\nok'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['a status below 100', 'HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['a status of 0', 'HTTP/1.1 000 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['HTTP/2.0', 'HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['HTTP/1.2', 'HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['ICY', 'ICY 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['no head', 'hello\r\n\r\n'],
    ['a TLS record', '\x16\x03\x03\x00\x02\x02\x28\r\n\r\n'],
    ['a request', 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a head that is too large', `${OK}X-A: ${'a'.repeat(20_000)}\r\nContent-Length: 2\r\n\r\nok`],
    [
      'a 101 that nobody asked for',
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n${EVIL}`,
    ],
    ['a 101 without a protocol', `HTTP/1.1 101 Switching Protocols\r\n\r\n${EVIL}`],
  ])('%s: 502, and none of it reaches the client', async (_what, bytes) => {
    answerWith(bytes);
    const { responses, requests } = await lab.exchange(requestTo(lab, [], { path: '/1' }));
    const [response] = responses;
    if (response === undefined) throw new Error('no response');
    const refusal = await refusalOf(lab.arena, response);
    expect([refusal.status, refusal.reason]).toEqual([502, 'target-protocol-error']);
    expect(refusal.event).toMatchObject({ event: 'close', status: 502, bytesDown: 0 });
    expect(response.head.raw + response.body).not.toMatch(/evil|X-A/i);
    expect(requests.map(({ target }) => target)).toEqual(['/1']);
  });
});

describe('a body that is malformed or ends too early is cut off, never made whole', () => {
  it.each<[string, string, string]>([
    [
      'a chunk size that is no number',
      `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\nzz\r\n`,
      'target-protocol-error',
    ],
    [
      'a negative chunk size',
      `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n-1\r\n`,
      'target-protocol-error',
    ],
    [
      'a chunk size beyond 2^64',
      `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n10000000000000000\r\n`,
      'target-protocol-error',
    ],
    [
      'LF alone behind a chunk size',
      `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n2\nok\r\n0\r\n\r\n`,
      'target-protocol-error',
    ],
    [
      'LF alone in a chunk extension',
      `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n2;\nok\r\n0\r\n\r\n`,
      'target-protocol-error',
    ],
    [
      'data longer than its chunk',
      `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nokk\r\n0\r\n\r\n`,
      'target-protocol-error',
    ],
    ['no last chunk', `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n`, 'target-reset'],
    ['a body shorter than its length', `${OK}Content-Length: 50\r\n\r\nok`, 'target-reset'],
    [
      'a malformed trailer',
      `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-A : 1\r\n\r\n`,
      'target-protocol-error',
    ],
  ])('%s', async (_what, bytes, reason) => {
    answerWith(bytes, 'close');
    const before = lab.arena.audit.events({ event: 'decision' }).length;
    await using connection = await rawConnect(lab.arena.proxy);
    await connection.send(requestTo(lab));
    const received = (await connection.readToEnd()).toString();
    expect(received).not.toContain('0\r\n\r\n');
    expect(received).not.toContain('502');
    const { id } = await eventually(
      'the decision',
      () => lab.arena.audit.events({ event: 'decision' })[before],
    );
    expect(await lab.arena.audit.waitFor({ event: 'close', id })).toMatchObject({
      reason,
      decision: 'allow',
    });
  });
});

describe('a second response belongs to nobody', () => {
  it.each<[string, string]>([
    ['right behind the first', `${OK}Content-Length: 2\r\n\r\nok${EVIL}`],
    ['behind a chunked one', `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n${EVIL}`],
    [
      'behind an interim response and the first',
      `HTTP/1.1 103 Early Hints\r\n\r\n${OK}Content-Length: 2\r\n\r\nok${EVIL}`,
    ],
  ])('%s: the next request gets its own', async (_what, bytes) => {
    answerWith(bytes);
    const { responses } = await lab.exchange([requestTo(lab)], { responses: bytes.includes('103') ? 2 : 1 });
    expect(responses.at(-1)?.body.toString()).toBe('ok');
  });

  it('on an idle connection, sent later: the next request gets its own', async () => {
    const before = lab.origin.connections.length;
    answerWith(`${OK}Content-Length: 2\r\n\r\nok`);
    await using connection = await rawConnect(lab.arena.proxy);
    await connection.send(requestTo(lab));
    expect((await connection.readResponse()).body.toString()).toBe('ok');
    const record = await lab.origin.connection(before);
    record.socket.write(EVIL);
    await within(record.finished, 'the proxy to let go of that connection');
    lab.answer();
    await connection.send(requestTo(lab, [], { path: '/next' }));
    expect((await connection.readResponse()).body.toString()).toBe('/next');
  });

  it.each<[string, string, string]>([
    ['204', 'GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['304', 'GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 11\r\n\r\n'],
    ['an answer to HEAD', 'HEAD', `${OK}Content-Length: 11\r\n\r\n`],
  ])('the illegal body of %s reaches nobody', async (_what, method, head) => {
    const before = lab.origin.connections.length;
    answerWith(head);
    await using connection = await rawConnect(lab.arena.proxy);
    await connection.send(requestTo(lab, [], { method }));
    expect((await connection.readResponse({ bodyless: true })).status).toBeGreaterThan(0);
    const record = await lab.origin.connection(before);
    record.socket.write('evil answer');
    await within(record.finished, 'the proxy to let go of that connection');
    lab.answer();
    await connection.send(requestTo(lab, [], { path: '/next' }));
    expect((await connection.readResponse()).body.toString()).toBe('/next');
  });

  it.each<[string, string, string]>([
    ['204 with a length', 'GET', '204 No Content\r\nContent-Length: 11'],
    ['204 with chunks', 'GET', '204 No Content\r\nTransfer-Encoding: chunked'],
    ['204', 'GET', '204 No Content'],
    ['304 with a length', 'GET', '304 Not Modified\r\nContent-Length: 11'],
    ['304 with chunks', 'GET', '304 Not Modified\r\nTransfer-Encoding: chunked'],
    ['an answer to HEAD with a length', 'HEAD', '200 OK\r\nContent-Length: 11'],
    ['an answer to HEAD with chunks', 'HEAD', '200 OK\r\nTransfer-Encoding: chunked'],
  ])('right behind the head of %s, which has no body: it reaches nobody', async (_what, method, head) => {
    for (const behind of ['evil answer', `b\r\nevil answer\r\n0\r\n\r\n${EVIL}`, EVIL]) {
      answerWith(`HTTP/1.1 ${head}\r\n\r\n${behind}`);
      await using connection = await rawConnect(lab.arena.proxy);
      await connection.send(requestTo(lab, [], { method }));
      const first = await connection.readResponse({ bodyless: true }).catch(() => undefined);
      lab.answer();
      await connection.send(requestTo(lab, [], { path: '/next' }));
      // Either the connection is over, or the next request gets its own answer.
      const next = await connection.readResponse().catch(() => undefined);
      expect(['/next', undefined]).toContain(next?.body.toString());
      expect(next === undefined).toBe(connection.ending !== 'open');
      expect(first?.head.get('transfer-encoding')).toBeUndefined();
      expect(connection.received.toString()).not.toMatch(/evil/i);
    }
  });

  it('nor does a 204 name a length, for which a client might wait', async () => {
    answerWith('HTTP/1.1 204 No Content\r\nContent-Length: 100\r\nX-A: 1\r\n\r\n');
    await using connection = await rawConnect(lab.arena.proxy);
    await connection.send(requestTo(lab));
    const { status, head } = await connection.readResponse();
    expect([status, head.get('x-a'), head.get('content-length')]).toEqual([204, '1', undefined]);
    lab.answer();
    await connection.send(requestTo(lab, [], { path: '/next' }));
    expect((await connection.readResponse()).body.toString()).toBe('/next');
  });

  it.each([
    ['a length', 'HTTP/1.1 103 Early Hints\r\nContent-Length: 4\r\n\r\nevil'],
    ['chunks', 'HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n'],
    ['a second final response', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
  ])('behind an interim response with %s: a bad answer or none', async (_what, interim) => {
    answerWith(`${interim}${EVIL}`);
    await using connection = await rawConnect(lab.arena.proxy);
    await connection.send(requestTo(lab));
    let response = await connection.readResponse();
    if (response.status === 103) {
      expect(response.head.raw).not.toMatch(/length|encoding/i);
      response = await connection.readResponse();
      expect(await refusalOf(lab.arena, response)).toMatchObject({ reason: 'target-protocol-error' });
    } else expect(response.body.toString()).toBe('ok');
    expect(connection.received.toString()).not.toContain('evil');
    lab.answer();
  });

  it('of one client never comes to another: connections to targets are not shared', async () => {
    lab.answer();
    const ask = async (path: string) => {
      const connection = await rawConnect(lab.arena.proxy);
      await connection.send(requestTo(lab, [], { path }));
      await connection.readResponse();
      return connection;
    };
    await using first = await ask('/first');
    await using second = await ask('/second');
    const [one, two] = lab.origin.requests.slice(-2);
    expect(one?.connection).not.toBe(two?.connection);
    expect([first.ending, second.ending]).toEqual(['open', 'open']);
  });
});

describe('what a target leaves open', () => {
  it('is closed at once with a reason when it answers nothing', async () => {
    lab.answer((_request, socket) => {
      socket.end();
      return undefined;
    });
    const { responses } = await lab.exchange(requestTo(lab));
    const [response] = responses;
    if (response === undefined) throw new Error('no response');
    expect(await refusalOf(lab.arena, response)).toMatchObject({ status: 502, reason: 'target-reset' });
  });

  it('is a body until its end when it names no length', async () => {
    answerWith(`${OK}\r\nuntil the end`, 'close');
    const { responses } = await lab.exchange(requestTo(lab));
    expect(responses.map(({ body }) => body.toString())).toEqual(['until the end']);
  });
});
