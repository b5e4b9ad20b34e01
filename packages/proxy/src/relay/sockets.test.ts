import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import tls from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { certificateFor } from '../../../../test/support/certificates.ts';
import { eventually } from '../../../../test/support/deadline.ts';
import { digestOf } from '../../../../test/support/digest.ts';
import { knownBytes } from '../../../../test/support/known-bytes.ts';
import { sharedBuffer } from './buffers.ts';
import type { ByteStream, ReadSink } from './byte-stream.ts';
import { HandleStream } from './handle-stream.ts';
import { nodeHandles } from './node-handles.ts';
import { type Replaceable, readTo, toSocket } from './sockets.ts';
import { handleTransport, socketTransport } from './transport.ts';

const node = nodeHandles(process);
if (node === undefined) throw new Error('The tests need the Node whose handles are known');
const transports = [handleTransport(node), socketTransport];

/** How a connection was made a socket: what stood for it first, and how often it has said that it closed. */
interface Taken extends Replaceable {
  closed: number;
}

/** Listens; of each connection it reads the first bytes as the proxy does, and then makes a socket of it. */
async function door(
  transport: (typeof transports)[number],
  onSocket: (socket: net.Socket, connection: Taken) => void,
): Promise<number> {
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sockets: net.Socket[] = [];
  transport.accept(server, (stream) => {
    const connection: Taken = { stream, closed: 0, onClosed: () => void connection.closed++ };
    // As `Connection` does.
    (stream as ByteStream).once('close', connection.onClosed);
    const sink: ReadSink = {
      nextBuffer: () => sharedBuffer,
      onBytes: (length, buffer) => {
        stop();
        const first = Buffer.from(buffer.subarray(0, length));
        // What is read later must not be found in what was read first.
        sharedBuffer.fill(0xee);
        const socket = toSocket(connection);
        sockets.push(socket);
        socket.pause();
        socket.unshift(first);
        onSocket(socket, connection);
        return true;
      },
    };
    const stop = readTo(sink, stream);
  });
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as net.AddressInfo).port;
}

describe.each(transports)('toSocket() of $name', (transport) => {
  const BIG = 20_000_000;

  function httpDoor(server: http.Server): Promise<number> {
    return door(transport, (socket) => {
      server.emit('connection', socket);
      socket.resume();
    });
  }

  it('serves HTTP: large bodies both ways, and more than one request', async () => {
    const server = http.createServer(async (request, response) => {
      const { bytes, sha256 } = await digestOf(request);
      response.setHeader('got', `${bytes} ${sha256}`);
      knownBytes(BIG, 2).stream().pipe(response);
    });
    const port = await httpDoor(server);
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    for (const isReused of [false, true]) {
      const request = http.request({ port, host: '127.0.0.1', method: 'POST', agent });
      knownBytes(BIG, 1).stream().pipe(request);
      const [response] = (await once(request, 'response')) as [http.IncomingMessage];
      expect(response.headers.got).toBe(`${BIG} ${knownBytes(BIG, 1).sha256}`);
      expect((await digestOf(response)).sha256).toBe(knownBytes(BIG, 2).sha256);
      expect(request.reusedSocket).toBe(isReused);
    }
  });

  it('serves HTTP to a client that has ended its side', async () => {
    const port = await httpDoor(http.createServer((_request, response) => response.end('an answer')));
    const client = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    client.end('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    let text = '';
    client.setEncoding('latin1').on('data', (piece) => {
      text += piece;
    });
    await once(client, 'end');
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n.*an answer/s);
  });

  it('lets an HTTP server see that a client broke off, and a client that the server did', async () => {
    const seen: string[] = [];
    let requests = 0;
    const server = http.createServer((request, response) => {
      request.on('error', (error: NodeJS.ErrnoException) => seen.push(String(error.code)));
      request.resume();
      requests++;
      if (request.url === '/cut') response.socket?.resetAndDestroy();
    });
    const port = await httpDoor(server);
    const client = net.connect({ port, host: '127.0.0.1' });
    client.on('error', () => undefined);
    client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nsome');
    await eventually('the request', () => requests === 1);
    client.resetAndDestroy();
    await eventually('the error', () => seen.length === 1);
    expect(seen).toEqual(['ECONNRESET']);
    const cut = http.get({ port, host: '127.0.0.1', path: '/cut', agent: false });
    const [error] = await once(cut, 'error');
    expect(error.code).toBe('ECONNRESET');
  });

  it('ends TLS: large streams both ways, and the end of one side alone', async () => {
    const { certPem: cert, keyPem: key, caPem: ca } = await certificateFor(['good.test']);
    const secureContext = tls.createSecureContext({ cert, key });
    const received = Promise.withResolvers<string>();
    const port = await door(transport, (socket) => {
      const secure = new tls.TLSSocket(socket, { isServer: true, secureContext });
      secure.allowHalfOpen = true;
      digestOf(secure).then(({ sha256 }) => {
        received.resolve(sha256);
        knownBytes(BIG, 2).stream().pipe(secure);
      }, received.reject);
    });
    const client = tls.connect({
      port,
      host: '127.0.0.1',
      servername: 'good.test',
      ca,
      allowHalfOpen: true,
    } as tls.ConnectionOptions);
    knownBytes(BIG, 1).stream().pipe(client);
    const [digest, sha256] = await Promise.all([digestOf(client), received.promise]);
    expect(sha256).toBe(knownBytes(BIG, 1).sha256);
    expect(digest.sha256).toBe(knownBytes(BIG, 2).sha256);
  });

  it('serves HTTP/2', async () => {
    const { certPem: cert, keyPem: key, caPem: ca } = await certificateFor(['good.test']);
    const server = http2.createSecureServer({ cert, key });
    server.on('stream', (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
      digestOf(stream).then(({ sha256 }) => {
        stream.respond({ ':status': 200, got: sha256, path: headers[':path'] });
        knownBytes(BIG, 2).stream().pipe(stream);
      });
    });
    const port = await door(transport, (socket) => server.emit('connection', socket));
    const session = http2.connect('https://good.test', {
      createConnection: () =>
        tls.connect({ port, host: '127.0.0.1', servername: 'good.test', ca, ALPNProtocols: ['h2'] }),
    });
    onTestFinished(() => session.destroy());
    await Promise.all(
      ['/1', '/2', '/3'].map(async (path) => {
        const stream = session.request({ ':path': path, ':method': 'POST' });
        knownBytes(BIG, 1).stream().pipe(stream);
        const [headers] = await once(stream, 'response');
        expect([headers.got, headers.path]).toEqual([knownBytes(BIG, 1).sha256, path]);
        expect((await digestOf(stream)).sha256).toBe(knownBytes(BIG, 2).sha256);
      }),
    );
  });

  it('holds no more than a little for a socket that nobody reads', async () => {
    const sockets: net.Socket[] = [];
    const port = await door(transport, (socket) => sockets.push(socket));
    const client = net.connect({ port, host: '127.0.0.1' });
    const sending = knownBytes(BIG, 3).stream().pipe(client);
    const socket = await eventually('the socket', () => sockets[0]);
    await eventually('the client to wait', () => client.writableNeedDrain && client.bytesWritten > 0);
    expect(socket.readableLength).toBeLessThanOrEqual(2 * sharedBuffer.length);
    expect((await digestOf(socket)).sha256).toBe(knownBytes(BIG, 3).sha256);
    sending.destroy();
  });

  it('tells the connection once that it has closed', async () => {
    const taken: Taken[] = [];
    const port = await door(transport, (socket, connection) => {
      taken.push(connection);
      socket.resume();
      socket.once('end', () => socket.end());
    });
    const client = net.connect({ port, host: '127.0.0.1' });
    client.end('x');
    client.resume();
    await once(client, 'close');
    const connection = await eventually('the close', () => taken.find(({ closed }) => closed > 0));
    expect(connection.closed).toBe(1);
    expect(connection.stream).toBeInstanceOf(net.Socket);
    expect(connection.stream.destroyed).toBe(true);
  });
});

describe('toSocket()', () => {
  it('gives a closed socket for a connection that has closed, which goes on to speak for itself', async () => {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const accepted = new Promise<Replaceable['stream']>((resolve) => transports[0]?.accept(server, resolve));
    const client = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
    const stream = await accepted;
    let closed = 0;
    const connection: Replaceable = { stream, onClosed: () => void closed++ };
    expect(stream).toBeInstanceOf(HandleStream);
    if (stream instanceof HandleStream) stream.once('close', connection.onClosed);
    stream.destroy();
    expect(toSocket(connection).destroyed).toBe(true);
    await eventually('the close', () => closed === 1);
    expect(connection.stream).toBe(stream);
    client.destroy();
    server.close();
  });
});
