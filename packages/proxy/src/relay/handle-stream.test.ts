import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../../../test/support/deadline.ts';
import { refusingPort } from '../../../../test/support/origins/refusing-port.ts';
import { sharedBuffer } from './buffers.ts';
import type { ByteStream, ReadSink } from './byte-stream.ts';
import type { HandleStream } from './handle-stream.ts';
import { nodeHandles } from './node-handles.ts';
import { handleTransport } from './transport.ts';

const node = nodeHandles(process);
if (node === undefined) throw new Error('The tests need the Node whose handles are known');
const transport = handleTransport(node);

/** Keeps what it is given. */
class Collector implements ReadSink {
  readonly pieces: Buffer[] = [];
  answer = true;
  nextBuffer = () => sharedBuffer;
  onBytes(length: number, buffer: Buffer): boolean {
    this.pieces.push(Buffer.from(buffer.subarray(0, length)));
    return this.answer;
  }
  get text(): string {
    return Buffer.concat(this.pieces).toString();
  }
}

interface Pair {
  readonly stream: HandleStream;
  readonly sink: Collector;
  /** The other side. */
  readonly peer: net.Socket;
  /** What the stream has said so far. */
  readonly events: string[];
}

function listen(stream: HandleStream): string[] {
  const events: string[] = [];
  for (const event of ['connect', 'end', 'drain', 'close'] as const)
    stream.on(event, () => events.push(event));
  stream.on('error', (error: NodeJS.ErrnoException) => events.push(`error ${error.code}`));
  return events;
}

/** A connection that one side has accepted as a stream, or dialled as one. */
async function pair(how: 'accepted' | 'dialled' = 'accepted', path?: string): Promise<Pair> {
  const server = net.createServer({ allowHalfOpen: true });
  server.listen(path === undefined ? { port: 0, host: '127.0.0.1' } : { path });
  await once(server, 'listening');
  const port = path === undefined ? (server.address() as net.AddressInfo).port : 0;
  const sink = new Collector();
  let stream: HandleStream;
  let peer: net.Socket;
  let events: string[];
  if (how === 'accepted') {
    const accepted = new Promise<HandleStream>((resolve) =>
      transport.accept(server, (connection) => resolve(connection as HandleStream)),
    );
    peer = net.connect(
      path === undefined ? { port, host: '127.0.0.1', allowHalfOpen: true } : { path, allowHalfOpen: true },
    );
    stream = await accepted;
    stream.readTo(sink);
    stream.resume();
    events = listen(stream);
  } else {
    const connection = once(server, 'connection');
    stream = transport.connect(sink, '127.0.0.1', port) as HandleStream;
    events = listen(stream);
    [peer] = (await connection) as [net.Socket];
    await eventually('the connection', () => events.includes('connect'));
    events.length = 0;
  }
  server.close();
  peer.on('error', () => undefined);
  onTestFinished(() => {
    stream.destroy();
    peer.destroy();
  });
  return { stream, sink, peer, events };
}

/** Unlike `once`, whatever error comes before. */
function closed(stream: net.Socket | HandleStream): Promise<void> {
  const events: ByteStream = stream;
  return new Promise((resolve) => events.once('close', resolve));
}

/** Writes until the kernel takes no more. */
function fill(stream: HandleStream): number {
  const chunk = Buffer.alloc(1_000_000, 'x');
  let bytes = 0;
  do bytes += chunk.length;
  while (stream.write(chunk) && bytes < 1e9);
  return bytes;
}

describe.each(['accepted', 'dialled'] as const)('a stream that was %s', (how) => {
  it('carries bytes both ways, and closes once when both sides have ended', async () => {
    const { stream, sink, peer, events } = await pair(how);
    peer.write('to the stream');
    stream.write('to the peer, as text; ');
    stream.write(Buffer.from('and as bytes'));
    const [first] = await once(peer, 'data');
    await eventually('all bytes', () => sink.text === 'to the stream');
    expect(first.toString()).toMatch(/^to the peer, as text; /);
    peer.end();
    await eventually('the end', () => stream.readableEnded);
    await sleep(20);
    expect([events, stream.destroyed]).toEqual([['end'], false]);
    stream.end();
    await once(peer, 'end');
    await eventually('the close', () => events.includes('close'));
    await sleep(20);
    expect(events).toEqual(['end', 'close']);
  });

  it('goes on reading after its own end', async () => {
    const { stream, sink, peer, events } = await pair(how);
    peer.resume();
    stream.end('last words');
    await once(peer, 'end');
    peer.write('an answer');
    await eventually('the answer', () => sink.text === 'an answer');
    expect(stream.write('too late')).toBe(true);
    peer.end();
    await eventually('the close', () => events.includes('close'));
    expect(events).toEqual(['end', 'close']);
  });

  it('says when the other side has broken off, and closes', async () => {
    const { peer, events } = await pair(how);
    peer.resetAndDestroy();
    await eventually('the close', () => events.includes('close'));
    expect(events).toEqual(['error ECONNRESET', 'close']);
  });

  it('says when it has to wait, and sends the end behind all that waits', async () => {
    const { stream, peer, events } = await pair(how);
    const bytes = fill(stream);
    expect(stream.writableLength).toBeGreaterThan(0);
    let received = 0;
    peer.on('data', (piece: Buffer) => {
      received += piece.length;
    });
    await eventually('the drain', () => events.includes('drain'));
    expect(stream.writableLength).toBe(0);
    const more = fill(stream);
    stream.end('last');
    await once(peer, 'end');
    expect(received).toBe(bytes + more + 4);
    expect(stream.writableLength).toBe(0);
  });

  it('breaks off, also with bytes waiting or the end on its way, and closes', async () => {
    for (const before of [
      () => undefined,
      (stream: HandleStream) => void fill(stream),
      (stream: HandleStream) => {
        fill(stream);
        stream.end();
      },
    ]) {
      const { stream, peer, events } = await pair(how);
      before(stream);
      const broken = closed(peer);
      let error: NodeJS.ErrnoException | undefined;
      peer.on('error', (seen) => {
        error = seen;
      });
      stream.resetAndDestroy();
      stream.destroy();
      peer.resume();
      await broken;
      expect(error?.code).toBe('ECONNRESET');
      await eventually('the close', () => events.includes('close'));
      expect(events).toEqual(['close']);
    }
  });

  it('closes after a break that comes when its end has just been sent', async () => {
    const { stream, peer, events } = await pair(how);
    stream.end();
    stream.resetAndDestroy();
    peer.resume();
    await eventually('the close', () => events.includes('close'));
  });

  it('lets everything be called after it was destroyed', async () => {
    const { stream, peer, events } = await pair(how);
    peer.resume();
    fill(stream);
    stream.destroy();
    const calls = () => {
      stream.pause().resume().end().destroy().resetAndDestroy();
      stream.readTo(undefined);
      expect([stream.write('x'), stream.remoteAddress]).toEqual([true, undefined]);
    };
    calls();
    await eventually('the close', () => events.includes('close'));
    calls();
    await sleep(20);
    expect(events).toEqual(['close']);
  });

  it('reads nothing while it is paused, not even the end', async () => {
    const { stream, sink, peer, events } = await pair(how);
    stream.pause();
    peer.end('bytes');
    await sleep(50);
    expect([sink.text, events]).toEqual(['', []]);
    stream.resume();
    await eventually('the end', () => events.includes('end'));
    expect(sink.text).toBe('bytes');
  });

  it('stops to read when its sink says so, until it is resumed', async () => {
    const { stream, sink, peer } = await pair(how);
    sink.answer = false;
    peer.write('first');
    await eventually('the first bytes', () => sink.text === 'first');
    peer.write(' second');
    await sleep(50);
    expect(sink.text).toBe('first');
    stream.resume();
    await eventually('the second bytes', () => sink.text === 'first second');
  });

  it('reads to the buffer that its sink offers, from the next read on', async () => {
    const { sink, peer } = await pair(how);
    const own = Buffer.alloc(100);
    peer.write('one');
    await eventually('one', () => sink.text === 'one');
    sink.nextBuffer = () => own;
    peer.write('two');
    await eventually('two', () => sink.text === 'onetwo');
    peer.write('three');
    await eventually('three', () => sink.text === 'onetwothree');
    expect(own.toString('latin1', 0, 5)).toBe('three');
  });

  it('throws away what comes when it has no sink', async () => {
    const { stream, sink, peer, events } = await pair(how);
    stream.readTo(undefined);
    peer.end('nobody reads this');
    await eventually('the end', () => events.includes('end'));
    expect(sink.text).toBe('');
  });

  it('closes when a listener throws, and lets the exception go on', async () => {
    for (const event of ['bytes', 'end', 'drain'] as const) {
      const { stream, sink, peer, events } = await pair(how);
      const thrown = new Error(`from ${event}`);
      const seen = uncaught();
      const fail = () => {
        throw thrown;
      };
      if (event === 'bytes') sink.onBytes = fail;
      else stream.on(event, fail);
      if (event === 'drain') fill(stream);
      peer.resume();
      if (event === 'end') peer.end();
      else peer.write('x');
      expect(await seen).toBe(thrown);
      await eventually('the close', () => events.includes('close'));
      expect(stream.destroyed).toBe(true);
    }
  });

  it('only closes when nobody listens for its error', async () => {
    const { stream, peer } = await pair(how);
    stream.removeAllListeners();
    peer.resetAndDestroy();
    await closed(stream);
    expect(stream.destroyed).toBe(true);
  });
});

/** The next exception that nobody caught; the test runner does not hear of it. */
function uncaught(): Promise<unknown> {
  const listeners = process.rawListeners('uncaughtException') as ((error: Error) => void)[];
  process.removeAllListeners('uncaughtException');
  return new Promise((resolve) => {
    process.once('uncaughtException', (error) => {
      for (const listener of listeners) process.on('uncaughtException', listener);
      resolve(error);
    });
  });
}

describe('an accepted stream', () => {
  it('knows the address of the other side', async () => {
    expect((await pair()).stream.remoteAddress).toBe('127.0.0.1');
  });

  it('works over a Unix socket as well, where there is no address and no reset', async () => {
    const { stream, sink, peer, events } = await pair('accepted', '\0paude-handle-stream-test');
    expect(stream.remoteAddress).toBeUndefined();
    peer.write('bytes');
    await eventually('the bytes', () => sink.text === 'bytes');
    stream.resetAndDestroy();
    peer.resume();
    await once(peer, 'end');
    await eventually('the close', () => events.includes('close'));
  });
});

describe('dialling', () => {
  it('fails with the code that net has, and never before it has returned', async () => {
    const refusing = await refusingPort();
    for (const [address, port, code] of [
      ['127.0.0.1', refusing.port, 'ECONNREFUSED'],
      ['::1', refusing.port, 'ECONNREFUSED'],
      ['not an address', 80, 'EINVAL'],
      ['not:an:address', 80, 'EINVAL'],
    ] as const) {
      const events = listen(transport.connect(new Collector(), address, port) as HandleStream);
      expect(events).toEqual([]);
      await eventually('the close', () => events.includes('close'));
      expect(events).toEqual([`error ${code}`, 'close']);
    }
  });

  it('says nothing more once it was given up', async () => {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as net.AddressInfo;
    const stream = transport.connect(new Collector(), '127.0.0.1', port) as HandleStream;
    const events = listen(stream);
    stream.destroy();
    await eventually('the close', () => events.includes('close'));
    await sleep(20);
    expect(events).toEqual(['close']);
    server.close();
  });
});
