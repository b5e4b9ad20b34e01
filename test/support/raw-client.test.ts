import { expect, test } from 'vitest';
import { certificateFor } from './certificates.ts';
import {
  answersAfterFinOrigin,
  drippingOrigin,
  echoOrigin,
  rawHttpOrigin,
  secureOrigin,
  silentOrigin,
  tcpOrigin,
} from './origins.ts';
import { connectThrough, getThrough } from './proxy-client.ts';
import { rawConnect } from './raw-client.ts';
import { untilTestEnds } from './teardown.ts';

test('a raw connection reads by count, by delimiter and until idle', async () => {
  const origin = untilTestEnds(await echoOrigin());
  await using connection = await rawConnect(origin);
  await connection.send(['ab', 'cd\r\n', 'rest'], { delayMs: 5 });
  expect((await connection.readBytes(1)).toString()).toBe('a');
  expect(await connection.readUntil('\r\n')).toBe('bcd\r\n');
  expect((await connection.readUntilIdle(50)).toString()).toBe('rest');
  expect(connection.received.toString()).toBe('abcd\r\nrest');
  expect(connection.ending).toBe('open');
});

test('a raw connection sends its FIN and goes on reading', async () => {
  const origin = untilTestEnds(await answersAfterFinOrigin());
  await using connection = await rawConnect(origin);
  await connection.send('four');
  connection.end();
  expect((await connection.readToEnd()).toString()).toBe('got 4\n');
  expect(connection.ending).toBe('fin');
});

test('a wait ends in time and takes nothing away', async () => {
  const origin = untilTestEnds(await drippingOrigin('abc', { intervalMs: 60 }));
  await using connection = await rawConnect({ port: origin.port, timeoutMs: 30 });
  await expect(connection.readBytes(3)).rejects.toThrow('Waited 30 ms in vain for 3 bytes: "a"');
  expect((await connection.readBytes(1)).toString()).toBe('a');
});

test('a read tells how the peer ended before it was satisfied', async () => {
  const origin = untilTestEnds(await drippingOrigin('ab'));
  await using connection = await rawConnect(origin);
  await expect(connection.readBytes(3)).rejects.toThrow('The peer ended (fin) before 3 bytes: "ab"');
});

test('connecting to nobody is an error', async () => {
  const origin = await silentOrigin();
  await origin.close();
  await expect(rawConnect(origin)).rejects.toThrow('ECONNREFUSED');
});

test.each([
  ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', 200, 'ok'],
  ['HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n', 403, 'no'],
  ['HTTP/1.1 204 Empty\r\n\r\n', 204, ''],
  ['HTTP/1.0 200 OK\r\n\r\nuntil the end', 200, 'until the end'],
])('readResponse() frames %j', async (bytes, status, body) => {
  const origin = untilTestEnds(await tcpOrigin((socket) => socket.end(bytes)));
  await using connection = await rawConnect(origin);
  const response = await connection.readResponse();
  expect([response.status, response.body.toString()]).toEqual([status, body]);
});

test('connectThrough() gives the tunnel, or the refusal, and sends the authority as written', async () => {
  const proxy = untilTestEnds(
    await rawHttpOrigin(({ target }) =>
      target.startsWith('good')
        ? 'HTTP/1.1 200 Connection Established\r\n\r\nfirst'
        : 'HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\ndenied',
    ),
  );
  await using tunnel = await connectThrough(proxy, 'good.test:443');
  expect(tunnel.status).toBe(200);
  expect((await tunnel.connection.readBytes(5)).toString()).toBe('first');
  await using refused = await connectThrough(proxy, 'B%2ed.:443', ['X-Odd : 1', ['Host', 'x']]);
  expect([refused.status, refused.body]).toEqual([403, 'denied']);
  const request = await proxy.request(1);
  expect(request.raw.toString()).toBe('CONNECT B%2ed.:443 HTTP/1.1\r\nX-Odd : 1\r\nHost: x\r\n\r\n');
});

test('getThrough() asks in absolute form', async () => {
  const proxy = untilTestEnds(await rawHttpOrigin());
  expect(await getThrough(proxy, 'http://a.test/x')).toMatchObject({ status: 200, body: 'ok' });
  expect((await proxy.request()).target).toBe('http://a.test/x');
});

test('startTls() speaks TLS over a raw connection', async () => {
  const certificate = await certificateFor(['a.test']);
  const origin = untilTestEnds(await secureOrigin(undefined, { certificate }));
  await using connection = await rawConnect(origin);
  const { connection: inner } = await connection.startTls({ servername: 'a.test', ca: certificate.caPem });
  await inner.send('GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n');
  expect((await inner.readResponse()).body.toString()).toBe('ok\n');
  expect(origin.handshakes).toEqual([{ serverName: 'a.test', protocol: 'http/1.1', version: 'TLSv1.3' }]);
});
