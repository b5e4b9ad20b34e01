import { createSecureContext, createServer, type Server } from 'node:tls';
import { expect, test } from 'vitest';
import { certificateFor } from './certificates.ts';
import {
  type ClientHelloOptions,
  clientHello,
  clientHelloMessage,
  cut,
  records,
  sslv2ClientHello,
} from './client-hello.ts';
import { listening } from './origins/tcp-origin.ts';
import { rawConnect } from './raw-client.ts';
import { untilTestEnds } from './teardown.ts';

const serverHello = 2;

/** Sends pieces to OpenSSL and gives the names it saw and the type of the first handshake message it answered with. */
async function speak(pieces: readonly Buffer[]): Promise<{ names: string[]; answer: number | 'alert' }> {
  const names: string[] = [];
  const { keyPem: key, certPem: cert } = await certificateFor(['example.test']);
  const server: Server = createServer({
    key,
    cert,
    ALPNProtocols: ['http/1.1'],
    SNICallback: (name, done) => {
      names.push(name);
      done(null, createSecureContext({ key, cert }));
    },
  });
  server.on('tlsClientError', () => {});
  const origin = untilTestEnds(await listening(server, {}, () => {}));
  await using connection = await rawConnect({ port: origin.port, timeoutMs: 2_000 });
  await connection.send(pieces, { delayMs: 2 });
  const [contentType, , , , , handshakeType] = await connection.readBytes(6);
  return { names, answer: contentType === 22 ? (handshakeType ?? 0) : 'alert' };
}

const accepted: readonly (readonly [string, ClientHelloOptions, readonly string[]])[] = [
  ['TLS 1.3', {}, ['example.test']],
  ['TLS 1.2', { versions: [], sessionId: Buffer.alloc(0) }, ['example.test']],
  ['no name', { serverNames: [] }, []],
  ['no ALPN', { alpn: [] }, ['example.test']],
  ['an outer ECH', { ech: 'outer' }, ['example.test']],
  ['ESNI', { esni: true }, ['example.test']],
  ['padding over two records', { paddingBytes: 20_000 }, ['example.test']],
  ['an unknown extension first', { before: [{ type: 0x0a0a, body: Buffer.of(0) }] }, ['example.test']],
];

test.each(accepted)('clientHello() with %s is one that OpenSSL answers', async (_what, options, names) => {
  expect(await speak([clientHello(options)])).toEqual({ names, answer: serverHello });
});

const refused: readonly (readonly [string, ClientHelloOptions])[] = [
  ['two names', { serverNames: ['a.test', 'b.test'] }],
  ['a list of names that is too long', { wrongBy: { serverNameList: 5 } }],
  ['a name that is too long', { wrongBy: { serverName: 1 } }],
  ['extensions that are too long', { wrongBy: { extensions: 3 } }],
  ['a session id that is too long', { wrongBy: { sessionId: 200 } }],
  ['an empty server_name', { serverNameBody: Buffer.of(0, 0) }],
  ['a NUL in its name', { serverNames: ['a.test\0.b.test'] }],
  ['server_name twice', { after: [{ type: 0, body: Buffer.from('\0\x09\0\0\x06b.test', 'latin1') }] }],
];

test.each(refused)('clientHello() with %s is one that OpenSSL refuses', async (_what, options) => {
  expect((await speak([clientHello(options)])).answer).toBe('alert');
});

test('records() spread one hello over many records', async () => {
  const message = clientHelloMessage();
  const pieces = records(message, { fragmentBytes: 40 });
  expect(pieces.length).toBe(Math.ceil(message.length / 40));
  expect(await speak(pieces)).toEqual({ names: ['example.test'], answer: serverHello });
});

test('cut() spreads a record over many segments', async () => {
  const hello = clientHello();
  const pieces = cut(hello, 1, 2, 50);
  expect(pieces.slice(0, 3).map(({ length }) => length)).toEqual([1, 2, 50]);
  expect(Buffer.concat(pieces)).toEqual(hello);
  expect(await speak(pieces)).toEqual({ names: ['example.test'], answer: serverHello });
});

test('sslv2ClientHello() has the length and the type of one', () => {
  const hello = sslv2ClientHello();
  expect(hello.readUInt16BE() & 0x7fff).toBe(hello.length - 2);
  expect(hello[2]).toBe(1);
});
