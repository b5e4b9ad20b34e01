import { connect as connectHttp2 } from 'node:http2';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { eventually } from '../deadline.ts';
import { rawConnect } from '../raw-client.ts';
import { untilTestEnds } from '../teardown.ts';
import { secureOrigin } from './secure-origin.ts';

test('secureOrigin() speaks HTTP/2 and records SNI, ALPN and authority', async () => {
  const origin = untilTestEnds(await secureOrigin(undefined, { names: ['a.test'] }));
  const session = connectHttp2(origin.url, { ca: origin.certificate.caPem, servername: 'a.test' });
  expect(await text(session.request({ ':path': '/two', ':authority': 'b.test' }))).toBe('ok\n');
  session.destroy();
  expect(origin.handshakes).toEqual([{ serverName: 'a.test', protocol: 'h2', version: 'TLSv1.3' }]);
  expect(origin.requests[0]).toMatchObject({
    method: 'GET',
    path: '/two',
    authority: 'b.test',
    httpVersion: '2.0',
    serverName: 'a.test',
  });
});

test('secureOrigin() speaks HTTP/1.1 to a client without SNI and ALPN', async () => {
  const origin = untilTestEnds(await secureOrigin(undefined, { maxVersion: 'TLSv1.2' }));
  await using connection = await rawConnect(origin);
  const inner = await connection.startTls({ ca: origin.certificate.caPem, ALPNProtocols: [] });
  await inner.connection.send('GET /one HTTP/1.1\r\nHost: other\r\n\r\n');
  expect((await inner.connection.readResponse()).body.toString()).toBe('ok\n');
  expect(origin.handshakes[0]).toMatchObject({
    serverName: undefined,
    protocol: undefined,
    version: 'TLSv1.2',
  });
  expect(origin.requests[0]).toMatchObject({ authority: 'other', httpVersion: '1.1', serverName: undefined });
});

test('secureOrigin() counts connections that never spoke TLS', async () => {
  const origin = untilTestEnds(await secureOrigin());
  await using connection = await rawConnect(origin);
  await connection.send('GET / HTTP/1.1\r\n\r\n');
  await eventually('the failed handshake', () => origin.failedHandshakes.length === 1);
  expect(origin.connectionCount).toBe(1);
  expect(origin.handshakes).toEqual([]);
});
