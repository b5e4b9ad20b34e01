import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { sharedBuffer } from './buffers.ts';
import type { ByteStream, ReadSink } from './byte-stream.ts';
import type { HandleStream } from './handle-stream.ts';
import { type InternalsSource, nodeHandles } from './node-handles.ts';
import { readTo } from './sockets.ts';
import { handleTransport, socketTransport, type Transport } from './transport.ts';

/** How long the check may take; it takes a few milliseconds. */
const CHECK_TIMEOUT_MS = 2000;
/** When the reader starts: the writer has to wait by then. */
const READ_AFTER_MS = 5;
const CHUNK = Buffer.alloc(256 * 1024, 'paude');
/** More than the kernel takes for a reader that does not read. */
const MAX_CHUNKS = 256;

/**
 * Chooses what tunnels run on: Node's own handles where they are those that we know and pass a check over loopback, else
 * sockets of `net`. This is the one place where that is decided.
 *
 * @param source Undefined for sockets in any case.
 */
export async function openTransport(source: InternalsSource | undefined): Promise<Transport> {
  const node = source === undefined ? undefined : nodeHandles(source);
  if (node === undefined) return socketTransport;
  const transport = handleTransport(node);
  return (await worksHere(transport)) ? transport : socketTransport;
}

/** Moves bytes through a connection to ourselves, more than the kernel takes at once, and sees it end from both sides. */
async function worksHere(transport: Transport): Promise<boolean> {
  const server = net.createServer({ allowHalfOpen: true });
  const streams: ByteStream[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const timer = new AbortController();
  server.on('error', reject);
  server.listen(0, '127.0.0.1', () => {
    try {
      transport.accept(server, (accepted) => streams.push(answerCount(accepted, reject)));
      const { port } = server.address() as net.AddressInfo;
      const answer = new ByteCounter();
      const dialled = transport.connect(answer, '127.0.0.1', port);
      streams.push(dialled);
      const written = new Promise<number>((done) => {
        dialled.once('connect', () => done(writeTooMuch(dialled)));
      });
      dialled.on('error', reject);
      dialled.once('close', () => {
        written.then((bytes) => resolve(bytes > 0 && answer.text === String(bytes)), reject);
      });
    } catch (error) {
      reject(error);
    }
  });
  try {
    return await Promise.race([promise, sleep(CHECK_TIMEOUT_MS, false, { signal: timer.signal })]);
  } catch {
    return false;
  } finally {
    timer.abort();
    server.close();
    for (const stream of streams) stream.destroy();
  }
}

/** Reads, but not at once, to the end, and answers how much that was. */
function answerCount(accepted: HandleStream | net.Socket, onError: (error: Error) => void): ByteStream {
  const counter = new ByteCounter();
  const stream: ByteStream = accepted;
  stream.on('end', () => stream.end(String(counter.bytes)));
  stream.on('error', onError);
  setTimeout(() => readTo(counter, accepted), READ_AFTER_MS);
  return stream;
}

/** Writes until it has to wait; then once more and the end. @returns how much that will be; 0 when it never had to wait. */
function writeTooMuch(stream: ByteStream): number {
  for (let count = 1; count <= MAX_CHUNKS; count++) {
    if (stream.write(CHUNK)) continue;
    stream.once('drain', () => {
      stream.write(CHUNK);
      stream.end();
    });
    return (count + 1) * CHUNK.length;
  }
  return 0;
}

class ByteCounter implements ReadSink {
  bytes = 0;
  /** The first bytes. */
  text = '';

  nextBuffer(): Buffer {
    return sharedBuffer;
  }

  onBytes(length: number, buffer: Buffer): boolean {
    if (this.bytes === 0) this.text = buffer.toString('latin1', 0, Math.min(length, 20));
    this.bytes += length;
    return true;
  }
}
