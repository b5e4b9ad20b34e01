import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { within } from '../support/deadline.ts';
import { knownBytes, sha256 } from '../support/known-bytes.ts';
import { bulkHandler, drippingOrigin, httpOrigin, rawResponse } from '../support/origins.ts';
import { rawConnect } from '../support/raw-client.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { DENIED, HOST, openPlainLab, type PlainLab, requestTo } from './plain-lab.ts';

let lab: PlainLab;
beforeAll(async () => {
  lab = await openPlainLab();
});
afterAll(() => lab[Symbol.asyncDispose]());

describe('a redirect', () => {
  it.each([
    '301 Moved',
    '302 Found',
    '303 See Other',
    '307 Temporary',
    '308 Permanent',
    '300 Choices',
    '305 Use Proxy',
  ])('%s is passed back, and not followed', async (status) => {
    lab.answer(rawResponse('', status, [`Location: http://${DENIED}:${lab.origin.port}/`, 'Refresh: 0']));
    const before = lab.origin.connections.length;
    const { responses, requests } = await lab.exchange(requestTo(lab)).finally(() => lab.answer());
    expect(responses.map(({ head }) => head.get('location'))).toEqual([
      `http://${DENIED}:${lab.origin.port}/`,
    ]);
    expect(requests).toHaveLength(1);
    expect(lab.origin.connections.length).toBeLessThanOrEqual(before + 2);
    expect(lab.arena.dns.queriesFor(DENIED)).toEqual([]);
  });
});

describe('what comes back', () => {
  it('is every end-to-end field in order, and nothing for this hop alone', async () => {
    lab.answer(
      rawResponse('ok', '299 Odd but fine', [
        'Set-Cookie: a=1',
        'Connection: X-Mine, close',
        'X-Mine: for the proxy',
        'Keep-Alive: timeout=5',
        'Proxy-Authenticate: Basic realm="evil"',
        'Proxy-Connection: keep-alive',
        'Proxy-Authentication-Info: x',
        'Upgrade: h2c',
        'TE: trailers',
        'set-cookie: b=2',
        'X-Bytes: \xe9',
        'Via: 1.0 other',
      ]),
    );
    const { responses } = await lab.exchange(requestTo(lab)).finally(() => lab.answer());
    const [response] = responses;
    expect(response?.head.startLine).toBe('HTTP/1.1 299 Odd but fine');
    expect(response?.head.fields.map(([name, value]) => `${name}: ${value}`)).toEqual([
      'Content-Length: 2',
      'Set-Cookie: a=1',
      'set-cookie: b=2',
      'X-Bytes: \xe9',
      'Via: 1.0 other',
      expect.stringMatching(/^Via: 1\.1 paude-\w+$/),
      'Connection: keep-alive',
      expect.stringMatching(/^Keep-Alive: /),
    ]);
  });

  it('is a head of 12 kB and of a thousand fields', async () => {
    const fields = Array.from({ length: 1200 }, (_, index) => `X-${index}: 1`);
    lab.answer(rawResponse('ok', '200 OK', [`X-Long: ${'a'.repeat(1000)}`, ...fields]));
    const { responses } = await lab.exchange(requestTo(lab)).finally(() => lab.answer());
    expect(responses[0]?.head.fields.filter(([name]) => /^X-\d/.test(name))).toHaveLength(1200);
  });

  it.each([
    ['204 No Content', 'GET'],
    ['304 Not Modified', 'GET'],
    ['200 OK', 'HEAD'],
  ])('%s to %s has no body, whatever length it names', async (status, method) => {
    lab.answer(
      `HTTP/1.1 ${status}\r\n${status.startsWith('204') ? '' : 'Content-Length: 1000\r\n'}ETag: "x"\r\n\r\n`,
    );
    await using connection = await rawConnect(lab.arena.proxy);
    await connection.send(requestTo(lab, [], { method }));
    const head = await connection.readHead();
    expect(head.get('etag')).toBe('"x"');
    expect(head.get('transfer-encoding')).toBeUndefined();
    lab.answer();
    await connection.send(requestTo(lab, [], { path: '/next' }));
    expect((await connection.readResponse()).body.toString()).toBe('/next');
  });

  it('is trailers, but for those that belong in front', async () => {
    const trailers =
      'X-T: 1\r\nSet-Cookie: evil\r\nContent-Type: text/html\r\nConnection: x\r\nDigest: d\r\n';
    lab.answer(
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n2\r\nok\r\n0\r\n${trailers}\r\n`,
    );
    await using connection = await rawConnect(lab.arena.proxy);
    await connection.send(requestTo(lab));
    await connection.readHead();
    expect(await connection.readUntil('0\r\n')).toBe('2\r\nok\r\n0\r\n');
    expect(await connection.readUntil('\r\n\r\n')).toBe('X-T: 1\r\nDigest: d\r\n\r\n');
    lab.answer();
  });

  it('is bulk in both directions, whole', async () => {
    const origin = untilTestEnds(await httpOrigin(bulkHandler));
    const bytes = knownBytes(5_000_000);
    const url = `http://${HOST}:${origin.port}`;
    await using connection = await rawConnect(lab.arena.proxy);
    await connection.send(`GET ${url}/bytes/${bytes.count} HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect(sha256((await connection.readResponse()).body)).toBe(bytes.sha256);
    await connection.send(`POST ${url}/up HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes.count}\r\n\r\n`);
    await connection.send(bytes.pieces());
    const { body } = await connection.readResponse();
    expect(JSON.parse(body.toString())).toEqual({ bytes: bytes.count, sha256: bytes.sha256 });
  });

  it('is each piece as it comes', async () => {
    const pieces = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n';
    const origin = untilTestEnds(
      await drippingOrigin(`${pieces}data: 2\n\n`, { pieceBytes: pieces.length, intervalMs: 400 }),
    );
    await using connection = await rawConnect(lab.arena.proxy);
    await connection.send(`GET http://${HOST}:${origin.port}/ HTTP/1.1\r\nHost: a\r\n\r\n`);
    await connection.readUntil('data: 1\n\n');
    expect(connection.received.toString()).not.toContain('data: 2');
    await connection.readUntil('data: 2\n\n');
  });

  it('goes to a client of HTTP/1.0 without chunks, and ends with the connection', async () => {
    lab.answer('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n');
    await using connection = await rawConnect(lab.arena.proxy);
    await connection.send(`GET ${lab.url}/x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n`);
    const answer = (await connection.readToEnd()).toString();
    expect(answer).toMatch(/\r\n\r\nok$/);
    expect(answer).not.toMatch(/transfer-encoding/i);
    lab.answer();
  });
});

describe('interim responses', () => {
  const interim =
    'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: x-a\r\nX-A: 1\r\nContent-Length: 5\r\n\r\n';
  const last = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

  it('are passed on, without a length and what is for this hop', async () => {
    lab.answer(`HTTP/1.1 100 Continue\r\n\r\n${interim}HTTP/1.1 102 Processing\r\n\r\n${last}`);
    const { responses } = await lab.exchange(requestTo(lab), { responses: 4 }).finally(() => lab.answer());
    expect(responses.map(({ status }) => status)).toEqual([100, 103, 102, 200]);
    expect(responses[1]?.head.raw).toBe('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n');
    expect(responses[3]?.body.toString()).toBe('ok');
  });

  it('are not passed on to HTTP/1.0, which does not know them', async () => {
    lab.answer(`HTTP/1.1 100 Continue\r\n\r\n${interim}${last}`);
    await using connection = await rawConnect(lab.arena.proxy);
    await connection.send(`GET ${lab.url}/x HTTP/1.0\r\n\r\n`);
    expect((await connection.readToEnd()).toString()).toMatch(/^HTTP\/1\.1 200 OK\r\n(?:.*\r\n)*\r\nok$/);
    lab.answer();
  });

  it('without end do not pile up for a client that does not read', async () => {
    const hint = Buffer.from(`HTTP/1.1 103 Early Hints\r\nLink: ${'a'.repeat(8000)}\r\n\r\n`);
    const count = 6000;
    const flooded = Promise.withResolvers<void>();
    lab.answer((_request, socket) => {
      const flood = async () => {
        for (let sent = 0; sent < count && !socket.destroyed; sent++) {
          if (!socket.write(hint)) await new Promise((resolve) => socket.once('drain', resolve));
        }
        socket.write(last, () => flooded.resolve());
      };
      void flood();
      return undefined;
    });
    await using connection = await rawConnect({ port: lab.arena.proxy.port, timeoutMs: 10_000 });
    connection.socket.pause();
    await connection.send(requestTo(lab));
    // All but what the kernel holds has been read by the proxy then.
    await within(flooded.promise, 'the flood', 10_000);
    let bytes = 0;
    const whole = new Promise<void>((resolve) => {
      connection.socket.on('data', (piece: Buffer) => {
        bytes += piece.length;
        if (piece.toString('latin1', piece.length - 6) === '\r\n\r\nok') resolve();
      });
    });
    connection.socket.resume();
    await within(whole, 'the answer', 10_000);
    expect(bytes).toBeLessThan((count * hint.length) / 2);
    lab.answer();
  });
});
