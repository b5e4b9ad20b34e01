import type { TLSSocket } from 'node:tls';
import { getSystemErrorMap, getSystemErrorName } from 'node:util';
import { giveBulkBuffer, sharedBuffer, takeBulkBuffer } from '../relay/buffers.ts';
import type { NodeHandles } from '../relay/node-handles.ts';
import { ENOUGH_WAITING_BYTES, type SecureListener, type SecureStream } from './secure-stream.ts';

const END_OF_FILE = [...getSystemErrorMap()].find(([, [name]]) => name === 'EOF')?.[0];

const NOTHING = Buffer.alloc(0);

/** Where a handle or a write finds the stream that it belongs to. */
const STREAM: unique symbol = Symbol('stream');

/** What a TLS socket encrypts with (Node's `TLSWrap`, `src/stream_base.cc`); not to be called after it was destroyed. */
interface TlsHandle {
  [STREAM]?: HandleSecureStream;
  onread: (this: TlsHandle) => undefined;
  useUserBuffer(buffer: Buffer): void;
  readStart(): number;
  readStop(): number;
  /** One at a time. The bytes have been encrypted when it returns. */
  writeBuffer(request: null, bytes: Buffer): number | WriteRequest;
}

interface WriteRequest {
  [STREAM]?: HandleSecureStream;
  oncomplete: (this: WriteRequest, status: number) => void;
  /** Set when it was complete before `oncomplete` was there. */
  writeStatus: number | null;
}

/** The part of `tls.TLSSocket` that its types leave out. */
interface Handled {
  readonly _handle: TlsHandle | null;
}

/** What is called of the handle. */
const METHODS = ['useUserBuffer', 'readStart', 'readStop', 'writeBuffer'] as const;

/**
 * A connection over TLS straight on Node's handle, past the streams of `TLSSocket`: most of what a small message cost. The
 * socket stays its owner, which closes it and tells of errors; nobody else may read from it or write to it.
 */
export class HandleSecureStream implements SecureStream {
  readonly #node: NodeHandles;
  readonly #socket: TLSSocket;
  readonly #handle: TlsHandle;
  #listener: SecureListener | undefined;
  #isReading = true;
  #isEnding = false;
  /** Bytes that the handle is writing; it takes one write at a time. */
  #writingBytes = 0;
  /** What comes meanwhile: the first of it in one large buffer that is lent to us, the rest in copies. */
  #gathered: Buffer | undefined;
  #gatheredBytes = 0;
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  #isFull = false;
  #error: NodeJS.ErrnoException | undefined;

  /** Takes over a socket that has read nothing since its handshake. @returns undefined where the handle is not as we know it. */
  static over(node: NodeHandles, socket: TLSSocket): HandleSecureStream | undefined {
    const { _handle: handle } = socket as unknown as Handled;
    const isKnown =
      handle !== null &&
      METHODS.every((name) => typeof handle[name] === 'function') &&
      !socket.destroyed &&
      socket.readableLength === 0 &&
      socket.writableLength === 0 &&
      !socket.readableEnded;
    return isKnown ? new HandleSecureStream(node, socket, handle) : undefined;
  }

  private constructor(node: NodeHandles, socket: TLSSocket, handle: TlsHandle) {
    this.#node = node;
    this.#socket = socket;
    this.#handle = handle;
    handle[STREAM] = this;
    handle.onread = onRead;
    handle.useUserBuffer(sharedBuffer);
    handle.readStart();
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#error = error;
    });
    socket.once('close', () => this.#onClose());
  }

  get destroyed(): boolean {
    return this.#socket.destroyed;
  }

  listen(listener: SecureListener): void {
    this.#listener = listener;
    this.resume();
  }

  pause(): void {
    if (!this.#isReading || this.destroyed) return;
    this.#isReading = false;
    this.#handle.readStop();
  }

  resume(): void {
    if (this.#isReading || this.destroyed) return;
    this.#isReading = true;
    this.#handle.readStart();
  }

  write(bytes: Buffer): boolean {
    if (this.destroyed || this.#isEnding || bytes.length === 0) return true;
    if (this.#writingBytes === 0) this.#write(bytes);
    else this.#keep(bytes);
    this.#isFull = this.#writingBytes + this.#gatheredBytes + this.#queuedBytes > ENOUGH_WAITING_BYTES;
    return !this.#isFull;
  }

  end(): void {
    if (this.destroyed || this.#isEnding) return;
    this.#isEnding = true;
    if (this.#writingBytes === 0) this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Of the handle alone. */
  onRead(): undefined {
    const { state, readIndex } = this.#node;
    const count = state[readIndex] ?? 0;
    if (this.destroyed || count === 0) return undefined;
    try {
      if (count > 0) this.#listener?.onBytes(sharedBuffer.subarray(0, count));
      else if (count === END_OF_FILE) this.#listener?.onEnd();
      else this.#fail(count, 'read');
    } catch (error) {
      this.destroy();
      throw error;
    }
    return undefined;
  }

  /** Of a write alone. */
  onWritten(status: number): void {
    this.#writingBytes = 0;
    if (this.destroyed) return;
    if (status !== 0) return this.#fail(status, 'write');
    if (this.#gatheredBytes + this.#queuedBytes > 0) this.#writeKept();
    else if (this.#isEnding) this.#socket.end();
    if (!this.#isFull || this.#writingBytes > ENOUGH_WAITING_BYTES) return undefined;
    this.#isFull = false;
    try {
      this.#listener?.onDrain();
    } catch (error) {
      this.destroy();
      throw error;
    }
    return undefined;
  }

  #keep(bytes: Buffer): void {
    if (this.#queuedBytes === 0) {
      this.#gathered ??= takeBulkBuffer();
      const room = (this.#gathered?.length ?? 0) - this.#gatheredBytes;
      if (bytes.length <= room) {
        this.#gathered?.set(bytes, this.#gatheredBytes);
        this.#gatheredBytes += bytes.length;
        return;
      }
    }
    this.#queue.push(Buffer.from(bytes));
    this.#queuedBytes += bytes.length;
  }

  #writeKept(): void {
    const gathered = this.#gathered?.subarray(0, this.#gatheredBytes);
    const kept = gathered === undefined ? this.#queue : [gathered, ...this.#queue];
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#gatheredBytes = 0;
    const [first = NOTHING] = kept;
    this.#write(kept.length === 1 ? first : Buffer.concat(kept));
    this.#giveBack();
  }

  #giveBack(): void {
    if (this.#gathered !== undefined) giveBulkBuffer(this.#gathered, true);
    this.#gathered = undefined;
  }

  /** The handle has encrypted all of it when this returns. */
  #write(bytes: Buffer): void {
    const outcome = this.#handle.writeBuffer(null, bytes);
    if (outcome === 0) return undefined;
    const { state, writeErrorIndex } = this.#node;
    const status = typeof outcome === 'number' ? outcome : (state[writeErrorIndex] ?? 0);
    if (typeof outcome === 'number' || status !== 0) return this.#fail(status, 'write');
    this.#writingBytes = bytes.length;
    outcome[STREAM] = this;
    outcome.oncomplete = onWritten;
    const { writeStatus } = outcome;
    if (writeStatus === null) return undefined;
    outcome.writeStatus = null;
    return outcome.oncomplete(writeStatus);
  }

  #fail(status: number, syscall: string): void {
    const code = getSystemErrorName(status);
    this.#socket.destroy(Object.assign(new Error(`${syscall} ${code}`), { code, errno: status, syscall }));
  }

  #onClose(): void {
    this.#queue = [];
    this.#giveBack();
    this.#listener?.onClose(this.#error);
    this.#listener = undefined;
  }
}

function onRead(this: TlsHandle): undefined {
  return this[STREAM]?.onRead();
}

function onWritten(this: WriteRequest, status: number): void {
  this[STREAM]?.onWritten(status);
}
