import net from 'node:net';
import type { Duplex } from 'node:stream';
import { sharedBuffer } from './buffers.ts';
import type { ByteStream, ReadSink } from './byte-stream.ts';
import { HandleStream } from './handle-stream.ts';

/**
 * With a high-water mark of one byte, `write()` answers false and `drain` follows whenever the kernel has not taken all,
 * however little it was. A pump needs to know that for every chunk.
 */
const WRITABLE_HIGH_WATER_MARK = 1;

/** Stream options that `net` passes on to `stream.Duplex` and its types leave out. */
interface DuplexOptions {
  readonly writableHighWaterMark: number;
}

/** Options for a socket that reads to buffers of the sink. */
function readingTo(sink: ReadSink): { onread: net.OnReadOpts; allowHalfOpen: true } & DuplexOptions {
  return {
    allowHalfOpen: true,
    writableHighWaterMark: WRITABLE_HIGH_WATER_MARK,
    onread: {
      buffer: () => sink.nextBuffer(),
      callback: (length, buffer) => sink.onBytes(length, buffer as Buffer),
    },
  };
}

/** Starts a connection whose bytes go to `sink`. */
export function connectReadingTo(sink: ReadSink, address: string, port: number): net.Socket {
  return net.connect({ host: address, port, noDelay: true, autoSelectFamily: false, ...readingTo(sink) });
}

/** The parts of `net` that its types leave out: the handle that a socket reads and writes through. */
interface Handled {
  _handle: object | null;
  _server: object | null;
  server: object | null;
}

/** A connection that another object may come to stand for. */
export interface Replaceable {
  stream: HandleStream | net.Socket;
  /** Called when what stands for the connection last has closed. */
  readonly onClosed: () => void;
}

/**
 * Lets an accepted connection read to buffers of `sink`, which `net` offers for dialled ones only (`onread`): a new
 * `net.Socket` takes over the handle of the old one. Uploads through it are two to three times as fast.
 *
 * Where that cannot be done (the handle is not what we know, bytes wait in either direction) the socket stays, and feeds
 * the sink through its `data` events.
 *
 * @returns what now stands for the connection.
 */
export function readAcceptedTo(sink: ReadSink, connection: Replaceable): ByteStream {
  const { stream } = connection;
  if (stream instanceof HandleStream) {
    stream.readTo(sink);
    return stream.resume();
  }
  const old = stream as net.Socket & Handled;
  const handle = old._handle;
  const movable =
    handle !== null &&
    typeof handle === 'object' &&
    stream.readableLength === 0 &&
    stream.writableLength === 0 &&
    !stream.destroyed &&
    !stream.readableEnded;
  if (!movable) {
    feed(sink, stream);
    return stream;
  }
  stream.setTimeout(0);
  stream.removeAllListeners();
  old._handle = null;
  const taken = new net.Socket({ handle, ...readingTo(sink) } as unknown as net.SocketConstructorOpts);
  // The listening server counts its connections through these.
  Object.assign(taken, { _server: old._server, server: old.server });
  old._server = null;
  replace(connection, taken);
  return taken;
}

/**
 * Makes an accepted connection a `net.Socket`, for all that wants one: HTTP, TLS. What listened to the connection before
 * may not any more.
 */
export function toSocket(connection: Replaceable): net.Socket {
  const { stream } = connection;
  if (!(stream instanceof HandleStream)) return stream;
  // It has closed already, and will say so itself.
  if (stream.destroyed) return new net.Socket().destroy();
  const socket = new net.Socket({
    handle: stream.handOver(),
    allowHalfOpen: true,
    // The handle goes on reading to a buffer of ours: all of it is copied to where a socket keeps what it has read.
    onread: {
      buffer: sharedBuffer,
      callback: (length: number, buffer: Buffer) => socket.push(Buffer.from(buffer.subarray(0, length))),
    },
  } as unknown as net.SocketConstructorOpts);
  socket.on('error', destroyThis);
  replace(connection, socket);
  return socket;
}

/** A listener without a closure: a closure would keep a replaced socket alive for as long as the connection. */
function destroyThis(this: net.Socket): void {
  this.destroy();
}

function replace(connection: Replaceable, socket: net.Socket): void {
  socket.once('close', connection.onClosed);
  connection.stream = socket;
}

/** Lets a connection's bytes go to `sink`. @returns what ends that. */
export function readTo(sink: ReadSink, stream: HandleStream | net.Socket): () => void {
  if (!(stream instanceof HandleStream)) return feed(sink, stream);
  stream.readTo(sink);
  stream.resume();
  return nothing;
}

function nothing(): void {}

/** Feeds a sink from any stream. The chunks are the stream's own, so the sink need not copy them. @returns what ends it. */
export function feed(sink: ReadSink, stream: Duplex): () => void {
  const onData = (chunk: Buffer) => {
    if (chunk.length > 0 && !sink.onBytes(chunk.length, chunk)) stream.pause();
  };
  stream.on('data', onData);
  return () => stream.off('data', onData);
}
