import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { knownBytes, sha256 } from '../known-bytes.ts';
import { rawConnect } from '../raw-client.ts';
import { untilTestEnds } from '../teardown.ts';
import { bulkHandler, eventStreamHandler, redirectHandler } from './handlers.ts';
import { httpOrigin } from './http-origin.ts';
import { rawHttpOrigin, rawResponse } from './raw-http-origin.ts';
import { webSocketOrigin } from './web-socket-origin.ts';

test('rawHttpOrigin() keeps requests byte for byte and answers in order', async () => {
  const origin = untilTestEnds(
    await rawHttpOrigin(async ({ target }) => {
      if (target === '/slow') await sleep(40);
      return rawResponse(target, '200 Fine', ['X-A: 1']);
    }),
  );
  await using connection = await rawConnect(origin);
  const first = 'POST /slow HTTP/1.1\r\nhOsT:  a\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nhi\r\n0\r\n\r\n';
  await connection.send([first.slice(0, 70), `${first.slice(70)}GET /fast HTTP/1.1\r\n\r\n`]);
  expect((await connection.readResponse()).body.toString()).toBe('/slow');
  expect((await connection.readResponse()).head.raw).toContain('X-A: 1');
  expect(origin.requests.map(({ method, target }) => `${method} ${target}`)).toEqual([
    'POST /slow',
    'GET /fast',
  ]);
  expect(origin.requests[0]).toMatchObject({ connection: 0, version: 'HTTP/1.1' });
  expect(origin.requests[0]?.raw.toString()).toBe(first);
  expect(origin.requests[0]?.body.toString()).toBe('hi');
});

test('rawHttpOrigin() keeps what never became a request', async () => {
  const origin = untilTestEnds(await rawHttpOrigin('not HTTP at all'));
  await using connection = await rawConnect(origin);
  await connection.send('GET / HTTP/1.1\nHost: a\n\n');
  connection.end();
  await connection.readToEnd();
  expect(origin.requests).toEqual([]);
  expect(origin.connections[0]?.received.toString()).toBe('GET / HTTP/1.1\nHost: a\n\n');
});

test('bulkHandler moves known bytes both ways', async () => {
  const origin = untilTestEnds(await httpOrigin(bulkHandler));
  const wanted = knownBytes(1_234_567);
  const down = await fetch(`${origin.url}/bytes/${wanted.count}`);
  expect(sha256(await down.bytes())).toBe(wanted.sha256);
  const body = Buffer.concat([...wanted.pieces()]);
  const up = await fetch(`${origin.url}/up`, { method: 'PUT', body });
  expect(await up.json()).toEqual({ bytes: wanted.count, sha256: wanted.sha256 });
  expect(origin.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'GET /bytes/1234567',
    'PUT /up',
  ]);
});

test('eventStreamHandler() sends events one by one', async () => {
  const origin = untilTestEnds(await httpOrigin(eventStreamHandler(3, 5)));
  const response = await fetch(origin.url);
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  expect(await response.text()).toBe('data: 0\n\ndata: 1\n\ndata: 2\n\n');
});

test('redirectHandler() points elsewhere', async () => {
  const origin = untilTestEnds(await httpOrigin(redirectHandler('http://elsewhere.test/')));
  const response = await fetch(origin.url, { redirect: 'manual' });
  expect([response.status, response.headers.get('location')]).toEqual([302, 'http://elsewhere.test/']);
});

test('webSocketOrigin() echoes text and bytes', async () => {
  const origin = untilTestEnds(await webSocketOrigin());
  const client = new WebSocket(origin.url, { headers: { 'x-mark': 'here' } });
  const echoed: (string | Buffer)[] = [];
  const done = Promise.withResolvers<void>();
  client.on('message', (data: Buffer, isBinary) => {
    echoed.push(isBinary ? data : data.toString());
    if (echoed.length === 2) client.close();
  });
  client.on('close', () => done.resolve());
  client.on('open', () => {
    client.send('text');
    client.send(Buffer.from([1, 2]));
  });
  await done.promise;
  expect(echoed).toEqual(['text', Buffer.from([1, 2])]);
  expect(origin.upgrades[0]?.['x-mark']).toBe('here');
  expect(origin.messageCount).toBe(2);
});
