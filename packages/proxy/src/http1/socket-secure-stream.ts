import type { TLSSocket } from 'node:tls';
import { ENOUGH_WAITING_BYTES, type SecureListener, type SecureStream } from './secure-stream.ts';

/** A connection over TLS by what Node documents of it: for every Node. */
export class SocketSecureStream implements SecureStream {
  readonly #socket: TLSSocket;
  #listener: SecureListener | undefined;
  #isFull = false;
  #error: NodeJS.ErrnoException | undefined;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => this.#listener?.onBytes(bytes));
    socket.pause();
    socket.on('end', () => this.#listener?.onEnd());
    socket.on('drain', () => this.#onDrain());
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#error = error;
    });
    socket.once('close', () => this.#listener?.onClose(this.#error));
  }

  get destroyed(): boolean {
    return this.#socket.destroyed;
  }

  listen(listener: SecureListener): void {
    this.#listener = listener;
    this.#socket.resume();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  write(bytes: Buffer): boolean {
    const socket = this.#socket;
    if (socket.destroyed || socket.writableEnded) return true;
    const isTaken = socket.write(Buffer.from(bytes));
    this.#isFull = !isTaken && socket.writableLength > ENOUGH_WAITING_BYTES;
    return !this.#isFull;
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #onDrain(): void {
    if (!this.#isFull) return;
    this.#isFull = false;
    this.#listener?.onDrain();
  }
}
