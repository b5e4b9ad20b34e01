import { getSystemErrorMap, getSystemErrorName } from 'node:util';
import { sharedBuffer } from './buffers.ts';
import type { ByteStream, ReadSink } from './byte-stream.ts';
import {
  type ConnectRequest,
  type HandleOwner,
  type NodeHandles,
  OWNER,
  type StreamHandle,
  type WriteRequest,
} from './node-handles.ts';
import { StreamEvents } from './stream-events.ts';

const END_OF_FILE = [...getSystemErrorMap()].find(([, [name]]) => name === 'EOF')?.[0];
const NOT_CONNECTED = [...getSystemErrorMap()].find(([, [name]]) => name === 'ENOTCONN')?.[0];

/** Runs what follows it when the code at hand has returned. */
const SOON = Promise.resolve();

/**
 * A connection straight on Node's handle, with none of the machinery of `net.Socket`: half of what a tunnel cost.
 * It reads to buffers of its sink, starts to read when it is resumed, and is half-open: one direction may end while the
 * other goes on. When both have ended it closes. An error nobody listens for only closes it.
 *
 * An exception of whoever listens closes it before it goes on, so that nothing stays half open behind it.
 */
export class HandleStream extends StreamEvents implements ByteStream, HandleOwner {
  readonly writableHighWaterMark = 1;
  destroyed = false;
  readableEnded = false;
  writableLength = 0;
  readonly #node: NodeHandles;
  readonly #handle: StreamHandle;
  #sink: ReadSink | undefined;
  #buffer = sharedBuffer;
  #isReading = false;
  /** Whether `end` was called. */
  #isEnding = false;
  /** Whether the end is on its way to the kernel, behind all that was written, or has gone there. */
  #isShutting = false;
  #error: Error | undefined;

  /** Takes over a handle that nobody reads from. */
  constructor(node: NodeHandles, handle: StreamHandle) {
    super();
    this.#node = node;
    this.#handle = handle;
    handle[OWNER] = this;
    handle.onread = onRead;
    handle.useUserBuffer(sharedBuffer);
  }

  /** Dials. `connect` follows, or `error`; never before this has returned. */
  static connect(node: NodeHandles, address: string, port: number): HandleStream {
    const handle = node.dialHandle();
    const stream = new HandleStream(node, handle);
    handle.setNoDelay?.(true);
    const request = new node.ConnectRequest();
    request[OWNER] = stream;
    request.oncomplete = onConnected;
    const status = address.includes(':')
      ? handle.connect6(request, address, port)
      : handle.connect(request, address, port);
    if (status !== 0) stream.destroy(failure(status, 'connect'));
    return stream;
  }

  /** The other side's address; undefined where it has none, or has gone. */
  get remoteAddress(): string | undefined {
    const name: { address?: string } = {};
    if (!this.destroyed) this.#handle.getpeername?.(name);
    return name.address;
  }

  /** Says where bytes go from now on. Without a sink they are thrown away. */
  readTo(sink: ReadSink | undefined): void {
    this.#sink = sink;
  }

  pause(): this {
    if (!this.#isReading) return this;
    this.#isReading = false;
    this.#handle.readStop();
    return this;
  }

  resume(): this {
    if (this.#isReading || this.destroyed || this.readableEnded) return this;
    this.#isReading = true;
    const status = this.#handle.readStart();
    if (status !== 0) this.destroy(failure(status, 'read'));
    return this;
  }

  write(bytes: Buffer | string): boolean {
    if (this.destroyed || this.#isEnding || bytes.length === 0) return true;
    return this.#write(typeof bytes === 'string' ? Buffer.from(bytes) : bytes);
  }

  end(bytes?: Buffer | string): this {
    if (this.destroyed || this.#isEnding) return this;
    if (bytes !== undefined) this.write(bytes);
    this.#isEnding = true;
    // Only then: a shutdown that waits for writes could not be cut short by a reset.
    if (this.writableLength === 0) this.#shutdown();
    return this;
  }

  destroy(error?: Error): this {
    if (!this.#letGo(error)) return this;
    this.#handle.close();
    return this;
  }

  resetAndDestroy(): this {
    if (!this.#letGo(undefined)) return this;
    // Behind an end there is nothing to break off: all bytes have gone before it.
    const canReset = this.#handle.reset !== undefined && !this.#isShutting;
    if (!canReset || this.#handle.reset?.() !== 0) this.#handle.close();
    return this;
  }

  /** Gives the handle to somebody else: nothing more is read, nothing is closed, no event comes any more. */
  handOver(): StreamHandle {
    this.pause();
    this.removeAllListeners();
    this.destroyed = true;
    this.#handle[OWNER] = undefined;
    return this.#handle;
  }

  /** Of the handle alone. */
  onRead(): Buffer | undefined {
    const { state, readIndex } = this.#node;
    const count = state[readIndex] ?? 0;
    if (this.destroyed || count === 0) return undefined;
    try {
      if (count > 0) return this.#onBytes(count);
      this.#isReading = false;
      if (count !== END_OF_FILE) this.destroy(failure(count, 'read'));
      else this.#onEnd();
    } catch (error) {
      this.destroy();
      throw error;
    }
    return undefined;
  }

  /** Of the handle alone. */
  onConnected(status: number): void {
    if (this.destroyed) return;
    if (status !== 0) return void this.destroy(failure(status, 'connect'));
    this.#guard('connect');
    this.resume();
  }

  /** Of the handle alone. */
  onWritten(status: number, byteCount: number): void {
    this.writableLength -= byteCount;
    if (this.destroyed) return;
    if (status !== 0) return void this.destroy(failure(status, 'write'));
    if (this.writableLength > 0) return;
    if (this.#isEnding) this.#shutdown();
    else this.#guard('drain');
  }

  #tellClosed(): void {
    const error = this.#error;
    this.#error = undefined;
    try {
      if (error !== undefined) this.tell('error', error);
    } finally {
      this.tell('close');
    }
  }

  #onBytes(count: number): Buffer | undefined {
    const sink = this.#sink;
    if (sink === undefined) return undefined;
    const more = sink.onBytes(count, this.#buffer);
    if (this.destroyed) return undefined;
    if (!more) this.pause();
    // It may be another sink by now.
    const next = this.#sink?.nextBuffer() ?? sharedBuffer;
    if (next === this.#buffer) return undefined;
    this.#buffer = next;
    return next;
  }

  #onEnd(): void {
    this.readableEnded = true;
    this.tell('end');
    if (this.#isShutting) this.destroy();
  }

  #write(bytes: Buffer): boolean {
    const outcome = this.#handle.writeBuffer(null, bytes);
    if (outcome === 0) return true;
    const { state, writeErrorIndex } = this.#node;
    const status = typeof outcome === 'number' ? outcome : (state[writeErrorIndex] ?? 0);
    if (status !== 0 || typeof outcome === 'number') {
      this.destroy(failure(status, 'write'));
      return true;
    }
    this.writableLength += bytes.length;
    outcome[OWNER] = this;
    outcome.bytes = bytes;
    outcome.oncomplete = onWritten;
    const { writeStatus } = outcome;
    if (writeStatus === null) return false;
    outcome.writeStatus = null;
    outcome.oncomplete(writeStatus);
    return this.writableLength === 0;
  }

  #shutdown(): void {
    // Closing says it as well, and no byte is unread.
    if (this.readableEnded) return void this.destroy();
    this.#isShutting = true;
    // Nobody waits for it: it is done in the next turn of the loop, or by closing.
    const status = this.#handle.shutdown(new this.#node.ShutdownRequest());
    // Not connected any more: there is nobody to be told.
    if (status < 0 && status !== NOT_CONNECTED) this.destroy(failure(status, 'shutdown'));
  }

  /** Answers whether it was open. */
  #letGo(error: Error | undefined): boolean {
    if (this.destroyed) return false;
    this.destroyed = true;
    this.#isReading = false;
    this.#error = error;
    this.#sink = undefined;
    // The descriptor is closed at once. Node would call back for it in the next turn, at the price of a read.
    void SOON.then(() => this.#tellClosed());
    return true;
  }

  #guard(event: 'connect' | 'drain'): void {
    try {
      this.tell(event);
    } catch (error) {
      this.destroy();
      throw error;
    }
  }
}

function onRead(this: StreamHandle): Buffer | undefined {
  return this[OWNER]?.onRead();
}

function onConnected(this: ConnectRequest, status: number): void {
  this[OWNER]?.onConnected(status);
}

function onWritten(this: WriteRequest, status: number): void {
  this[OWNER]?.onWritten(status, this.bytes?.length ?? 0);
}

/** An error as `net` makes it: `code` is `ECONNREFUSED` and the like. */
function failure(status: number, syscall: string): NodeJS.ErrnoException {
  const code = getSystemErrorName(status);
  return Object.assign(new Error(`${syscall} ${code}`), { code, errno: status, syscall });
}
