import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually, within } from '../../../../test/support/deadline.ts';
import { digestOf } from '../../../../test/support/digest.ts';
import { knownBytes } from '../../../../test/support/known-bytes.ts';
import { bulkBuffersInUse, sharedBuffer } from './buffers.ts';
import type { ByteStream, ReadSink } from './byte-stream.ts';
import type { HandleStream } from './handle-stream.ts';
import { nodeHandles } from './node-handles.ts';
import { Pump } from './pump.ts';
import { feed, readAcceptedTo } from './sockets.ts';
import { handleTransport, socketTransport } from './transport.ts';

/** Two ends with a relay between them: what goes in at one comes out at the other. */
interface Relay {
  readonly client: net.Socket;
  readonly target: net.Socket;
  readonly up: Pump;
  readonly down: Pump;
  /** The relay's own ends. */
  readonly inner: readonly ByteStream[];
}

/** What the relay's own ends are. */
type How = 'handles' | 'moved sockets' | 'fed sockets';

const known = nodeHandles(process);
if (known === undefined) throw new Error('The tests need the Node whose handles are known');
const transports = { handles: handleTransport(known), sockets: socketTransport };

const cleanups: (() => void)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0)) clean();
  await eventually('all bulk buffers to come back', () => bulkBuffersInUse() === 0);
});

/** A sink whose pump comes later. */
class LaterSink implements ReadSink {
  pump: Pump | undefined;
  nextBuffer = () => this.pump?.nextBuffer() ?? sharedBuffer;
  onBytes = (length: number, buffer: Buffer) => this.pump?.onBytes(length, buffer) ?? false;
}

/** The next connection that a listener of this test takes, and its port. */
async function listener<Stream = net.Socket>(
  accept: (server: net.Server, onConnection: (stream: Stream) => void) => void,
): Promise<{ port: number; accepted: Promise<Stream> }> {
  const server = net.createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = new Promise<Stream>((resolve) => {
    accept(server, (stream) => {
      server.close();
      resolve(stream);
    });
  });
  return { port: (server.address() as net.AddressInfo).port, accepted };
}

async function openRelay(how: How): Promise<Relay> {
  const transport = transports[how === 'handles' ? 'handles' : 'sockets'];
  const [door, far] = await Promise.all([
    listener<HandleStream | net.Socket>(transport.accept),
    listener((server, onConnection) => server.on('connection', onConnection)),
  ]);
  const client = net.connect({ port: door.port, host: '127.0.0.1', allowHalfOpen: true });
  const connection = { stream: await door.accepted, onClosed: () => undefined };
  const upSink = new LaterSink();
  if (connection.stream instanceof net.Socket && how === 'fed sockets') feed(upSink, connection.stream);
  const near: ByteStream = how === 'fed sockets' ? connection.stream : readAcceptedTo(upSink, connection);
  const down = new Pump(near);
  const dialled = transport.connect(down, '127.0.0.1', far.port);
  const target = await far.accepted;
  const up = new Pump(dialled);
  up.start(near);
  down.start(dialled);
  near.on('end', () => dialled.end());
  dialled.on('end', () => near.end());
  upSink.pump = up;
  const release = () => [up, down].forEach((pump) => void pump.release());
  const ends: ByteStream[] = [client, near, dialled, target];
  for (const stream of ends) {
    stream.on('error', () => undefined);
    cleanups.push(() => stream.destroy());
  }
  cleanups.push(release);
  return { client, target, up, down, inner: [near, dialled] };
}

/** Sends known bytes and the FIN, as fast as the socket takes them. */
async function sendAll(socket: net.Socket, count: number, seed: number): Promise<void> {
  for (const piece of knownBytes(count, seed).pieces()) {
    if (!socket.write(piece)) await once(socket, 'drain');
  }
  socket.end();
}

/** The start of the known bytes, piece by piece, up to 20 MB. */
function* smallPieces(seed: number, pieceBytes: number): Generator<Buffer, void, undefined> {
  const all = Buffer.concat([...knownBytes(20_000_000, seed).pieces()]);
  for (let at = 0; at < all.length; at += pieceBytes) yield all.subarray(at, at + pieceBytes);
}

async function expectBytes(socket: net.Socket, count: number, seed: number): Promise<void> {
  const { bytes, sha256 } = await within(digestOf(socket), `${count} bytes`, 20_000);
  expect([bytes, sha256]).toEqual([count, knownBytes(count, seed).sha256]);
}

describe.each<How>(['handles', 'moved sockets', 'fed sockets'])('a relay over %s', (how) => {
  it.each([1, 4096, 65_535, 65_536, 65_537, 3_000_000, 30_000_000])(
    'carries %i bytes each way, whole and in order, and gives its buffers back',
    async (count) => {
      const { client, target, up, down } = await openRelay(how);
      await Promise.all([
        sendAll(client, count, 1),
        sendAll(target, count, 2),
        expectBytes(target, count, 1),
        expectBytes(client, count, 2),
      ]);
      expect([up.bytes, down.bytes]).toEqual([count, count]);
    },
  );

  it('holds one chunk for a reader that does not read, and goes on when it does', async () => {
    const { client, target, down, inner } = await openRelay(how);
    client.pause();
    const count = 40_000_000;
    const sending = sendAll(target, count, 3);
    await eventually('the pump to block', () => down.blocked);
    await eventually('the flow to stand still', async () => {
      const before = down.bytes;
      await sleep(50);
      return down.blocked && down.bytes === before;
    });
    expect(down.bytes).toBeLessThan(count);
    const [near] = inner;
    expect(near?.writableLength).toBeGreaterThan(0);
    expect(near?.writableLength).toBeLessThanOrEqual(256 * 1024);
    await Promise.all([sending, expectBytes(client, count, 3)]);
    expect(down.blocked).toBe(false);
  });

  it('keeps what is stuck in one relay when another reads to the shared buffer', async () => {
    const [stuck, other] = await Promise.all([openRelay(how), openRelay(how)]);
    stuck.client.pause();
    const pieceBytes = 20_000;
    let count = 0;
    // Small pieces, each taken before the next is sent: all of them go through the shared buffer.
    for (const bytes of smallPieces(4, pieceBytes)) {
      stuck.target.write(bytes);
      count += bytes.length;
      await eventually('a piece to be taken', () => stuck.down.bytes === count, { intervalMs: 0 });
      if (stuck.down.blocked) break;
    }
    expect(stuck.down.blocked).toBe(true);
    expect(bulkBuffersInUse()).toBe(0);
    other.target.write(Buffer.alloc(pieceBytes, 0xff));
    await eventually('the other piece to be taken', () => other.down.bytes === pieceBytes);
    stuck.target.end();
    await expectBytes(stuck.client, count, 4);
  });
});

/** Bulk buffers are for ends that tell when the kernel has taken all. */
describe.each<How>(['handles', 'moved sockets'])('a relay over %s that moves bulk', (how) => {
  it('takes a bulk buffer for bulk alone, and gives it back when the flow gets light', async () => {
    const { client, target } = await openRelay(how);
    let received = 0;
    client.on('data', (piece: Buffer) => {
      received += piece.length;
    });
    target.write(Buffer.alloc(1000));
    await eventually('the light bytes', () => received === 1000);
    expect(bulkBuffersInUse()).toBe(0);
    const bulk = Buffer.alloc(20_000_000);
    let most = 0;
    target.write(bulk);
    await eventually(
      'the bulk',
      () => {
        most = Math.max(most, bulkBuffersInUse());
        return received === 1000 + bulk.length;
      },
      { intervalMs: 1 },
    );
    expect(most).toBe(1);
    await eventually('the buffer to come back', () => {
      target.write('light');
      return bulkBuffersInUse() === 0;
    });
    expect(client.destroyed).toBe(false);
  });

  it('gives a bulk buffer back that is cut off in the middle', async () => {
    const { client, target, up, down, inner } = await openRelay(how);
    client.pause();
    target.write(Buffer.alloc(30_000_000));
    await eventually('a bulk buffer to be in use', () => bulkBuffersInUse() === 1 && down.blocked);
    for (const socket of inner) socket.destroy();
    for (const pump of [up, down, up, down]) pump.release();
    expect(bulkBuffersInUse()).toBe(0);
  });
});

describe('many relays at once', () => {
  const HOWS: readonly How[] = ['fed sockets', 'moved sockets', 'handles', 'handles'];

  /** Reads with pauses, so that pumps block and go on in every order. */
  async function readInFits(socket: net.Socket, random: () => number): Promise<void> {
    while (!socket.destroyed && !socket.readableEnded) {
      if (random() < 0.5) socket.pause();
      await sleep(Math.floor(random() * 4));
      socket.resume();
      await sleep(Math.floor(random() * 3));
    }
  }

  function randomOf(seed: number): () => number {
    let state = seed;
    return () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    };
  }

  it.each([1, 2, 3])('keep their bytes apart however their readers pause (seed %i)', async (seed) => {
    const random = randomOf(seed);
    const relays = await Promise.all(
      Array.from({ length: 24 }, (_, index) => openRelay(HOWS[index % 6] ?? 'handles')),
    );
    await Promise.all(
      relays.map(async ({ client, target }, index) => {
        const [up, down] = [Math.floor(random() * 1_500_000) + 1, Math.floor(random() * 1_500_000) + 1];
        const whole = Promise.all([
          expectBytes(target, up, index + 1),
          expectBytes(client, down, index + 101),
          sendAll(client, up, index + 1),
          sendAll(target, down, index + 101),
        ]);
        void readInFits(client, randomOf(seed * 1000 + index));
        void readInFits(target, randomOf(seed * 2000 + index));
        await whole;
      }),
    );
  });
});
