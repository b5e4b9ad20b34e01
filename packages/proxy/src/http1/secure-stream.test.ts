import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import tls, { TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { certificateFor } from '../../../../test/support/certificates.ts';
import { eventually } from '../../../../test/support/deadline.ts';
import { nodeHandles } from '../relay/node-handles.ts';
import { HandleSecureStream } from './handle-secure-stream.ts';
import { openSecureStream } from './open-secure-stream.ts';
import type { SecureListener, SecureStream } from './secure-stream.ts';
import { SocketSecureStream } from './socket-secure-stream.ts';

const node = nodeHandles(process);
if (node === undefined) throw new Error('The tests need the Node whose handles are known');

/** Keeps what it is told. */
class Recorder implements SecureListener {
  readonly pieces: Buffer[] = [];
  readonly events: string[] = [];
  onBytes(bytes: Buffer): void {
    this.pieces.push(Buffer.from(bytes));
  }
  onEnd(): void {
    this.events.push('end');
  }
  onDrain(): void {
    this.events.push('drain');
  }
  onClose(error: NodeJS.ErrnoException | undefined): void {
    this.events.push(error === undefined ? 'close' : `close ${error.code}`);
  }
  get length(): number {
    return this.pieces.reduce((sum, { length }) => sum + length, 0);
  }
}

interface Pair {
  readonly stream: SecureStream;
  readonly recorder: Recorder;
  readonly peer: tls.TLSSocket;
}

/** A connection over TLS: the server's side as a stream, the client's as Node has it. */
async function pair(kind: 'handles' | 'sockets', recorder = new Recorder()): Promise<Pair> {
  const { certPem, keyPem } = await certificateFor(['x.example']);
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const opened = new Promise<SecureStream>((resolve) => {
    server.once('connection', (socket: net.Socket) => {
      const secureContext = tls.createSecureContext({ key: keyPem, cert: certPem });
      const secure = new TLSSocket(socket, { isServer: true, secureContext });
      secure.on('error', () => undefined);
      secure.once('secure', () => {
        const stream = openSecureStream(secure, kind === 'handles' ? node : undefined);
        stream.listen(recorder);
        resolve(stream);
      });
    });
  });
  const peer = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  peer.on('error', () => undefined);
  const stream = await opened;
  server.close();
  onTestFinished(() => {
    stream.destroy();
    peer.destroy();
  });
  return { stream, recorder, peer };
}

describe.each(['handles', 'sockets'] as const)('a connection over TLS on %s', (kind) => {
  it('is what it is said to be', async () => {
    const { stream } = await pair(kind);
    expect(stream).toBeInstanceOf(kind === 'handles' ? HandleSecureStream : SocketSecureStream);
  });

  it('carries bytes both ways, in their order, and takes them before a write returns', async () => {
    const { stream, recorder, peer } = await pair(kind);
    let heard = '';
    peer.on('data', (bytes: Buffer) => {
      heard += bytes.toString();
    });
    peer.write('hello');
    await eventually('the bytes', () => recorder.length === 5);
    const lent = Buffer.from('aa');
    for (const text of ['b1', 'b2', 'b3', 'b4']) {
      lent.write(text);
      expect(stream.write(lent)).toBe(true);
      lent.fill('~');
    }
    await eventually('the answer', () => heard === 'b1b2b3b4');
  });

  it('reads what was sent with the last of the handshake', async () => {
    const recorder = new Recorder();
    const opening = pair(kind, recorder);
    const { peer } = await opening;
    peer.end('early');
    await eventually('the end', () => recorder.events.includes('end'));
    expect(Buffer.concat(recorder.pieces).toString()).toBe('early');
  });

  it('says when it has enough to send, and when it can take more; nothing is lost', async () => {
    const { stream, recorder, peer } = await pair(kind);
    peer.pause();
    const chunk = Buffer.alloc(65_536, 'x');
    let sent = 0;
    let isTaken = true;
    for (let count = 0; count < 400 && isTaken; count++) {
      isTaken = stream.write(chunk);
      sent += chunk.length;
      await sleep(1);
    }
    expect(isTaken).toBe(false);
    stream.write(Buffer.from('the last'));
    sent += 8;
    stream.end();
    let received = 0;
    let tail = '';
    peer.on('data', (bytes: Buffer) => {
      received += bytes.length;
      tail = (tail + bytes.toString('latin1')).slice(-8);
    });
    peer.resume();
    await once(peer, 'end');
    expect([received, tail]).toEqual([sent, 'the last']);
    expect(recorder.events.filter((event) => event === 'drain').length).toBeLessThanOrEqual(1);
  });

  it('tells once that it drained', async () => {
    const { stream, recorder, peer } = await pair(kind);
    peer.pause();
    const chunk = Buffer.alloc(65_536, 'x');
    for (let count = 0; count < 400 && stream.write(chunk); count++) await sleep(1);
    peer.resume();
    await eventually('the drain', () => recorder.events.includes('drain'));
    await sleep(20);
    expect(recorder.events).toEqual(['drain']);
    expect(stream.write(Buffer.from('more'))).toBe(true);
  });

  it('reads little more once it is paused, and goes on when it is resumed', async () => {
    const { stream, recorder, peer } = await pair(kind);
    stream.pause();
    peer.write(Buffer.alloc(1_000_000));
    await sleep(50);
    expect(recorder.length).toBeLessThan(200_000);
    stream.resume();
    await eventually('the rest', () => recorder.length === 1_000_000);
  });

  it('tells the end of the other side, and that it closed as the last', async () => {
    const { stream, recorder, peer } = await pair(kind);
    peer.end('bye');
    await eventually('the end', () => recorder.events.includes('end'));
    stream.destroy();
    await eventually('the close', () => recorder.events.includes('close'));
    expect([recorder.length, recorder.events]).toEqual([3, ['end', 'close']]);
  });

  it('lets everything be called after it was destroyed', async () => {
    const { stream, recorder } = await pair(kind);
    stream.destroy();
    expect(stream.destroyed).toBe(true);
    stream.pause();
    stream.resume();
    expect(stream.write(Buffer.from('x'))).toBe(true);
    stream.end();
    stream.destroy();
    await eventually('the close', () => recorder.events.length > 0);
    expect(recorder.events).toEqual(['close']);
  });

  it('may be destroyed by whoever it tells', async () => {
    const recorder = new Recorder();
    const { stream, peer } = await pair(kind, recorder);
    recorder.onBytes = () => stream.destroy();
    peer.write(Buffer.alloc(100_000));
    await eventually('the close', () => recorder.events.some((event) => event.startsWith('close')));
    expect(recorder.events.filter((event) => event !== 'close')).toEqual([]);
  });

  it('writes nothing behind its end', async () => {
    const { stream, peer } = await pair(kind);
    stream.write(Buffer.from('all'));
    stream.end();
    stream.write(Buffer.from('more'));
    let heard = '';
    peer.on('data', (bytes: Buffer) => {
      heard += bytes.toString();
    });
    await once(peer, 'end');
    expect(heard).toBe('all');
  });
});

it('openSecureStream() leaves a socket to its streams that has read something already', async () => {
  const { certPem, keyPem } = await certificateFor(['x.example']);
  const server = tls.createServer({ key: keyPem, cert: certPem }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const peer = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  const [socket] = (await once(server, 'secureConnection')) as [TLSSocket];
  peer.write('first');
  await once(socket, 'readable');
  const recorder = new Recorder();
  const stream = openSecureStream(socket, node);
  expect(stream).toBeInstanceOf(SocketSecureStream);
  stream.listen(recorder);
  await eventually('the bytes', () => recorder.length === 5);
  stream.destroy();
  peer.destroy();
  server.close();
});
