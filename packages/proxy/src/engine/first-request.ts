import { sharedBuffer } from '../relay/buffers.ts';
import type { ByteStream, ReadSink } from '../relay/byte-stream.ts';
import { readTo } from '../relay/sockets.ts';
import { type ConnectHead, readConnectHead } from './connect-head.ts';
import type { Connection } from './connection.ts';
import type { Ready } from './gathering.ts';
import { type Member, PLACE } from './roster.ts';

/** What a connection's first bytes turned out to be. */
export type FirstBytes =
  | { readonly kind: 'connect'; readonly head: ConnectHead; readonly early: Buffer }
  | { readonly kind: 'other'; readonly bytes: Buffer }
  | { readonly kind: 'bad'; readonly reason: 'bad-request' | 'headers-too-large'; readonly why: string };

const NOTHING = Buffer.alloc(0);

/** Who is told of a first request. */
export interface FirstRequestListener {
  /** A CONNECT has come whole. It may wait until `serve` is called. */
  onReady(request: FirstRequest): void;
  /** Called once; with undefined when the client left before it asked for anything. Must not throw. */
  onDone(request: FirstRequest, bytes: FirstBytes | undefined): void;
}

/** Reads the first bytes of a connection until it is clear what they are. */
export class FirstRequest implements ReadSink, Ready, Member {
  readonly connection: Connection;
  /** `performance.now()` when the connection came. */
  readonly sinceMs = performance.now();
  [PLACE]: number | undefined;
  readonly #maxHeaderBytes: number;
  readonly #listener: FirstRequestListener;
  readonly #stopReading: () => void;
  #held: Buffer | undefined;
  #ready: Extract<FirstBytes, { kind: 'connect' }> | undefined;
  #isDone = false;

  constructor(connection: Connection, maxHeaderBytes: number, listener: FirstRequestListener) {
    this.connection = connection;
    this.#maxHeaderBytes = maxHeaderBytes;
    this.#listener = listener;
    const stream: ByteStream = connection.stream;
    stream.on('end', this.#onEnd);
    stream.on('close', this.#onEnd);
    this.#stopReading = readTo(this, connection.stream);
  }

  /** Hands on the CONNECT that was ready, with all that has come behind it. */
  serve(): void {
    const ready = this.#ready;
    if (ready !== undefined) this.#finish(ready);
  }

  /** Stops reading; nobody is told anything any more. */
  stop(): void {
    const stream: ByteStream = this.connection.stream;
    this.#isDone = true;
    this.#stopReading();
    stream.off('end', this.#onEnd);
    stream.off('close', this.#onEnd);
    this.#held = undefined;
    this.#ready = undefined;
  }

  nextBuffer(): Buffer {
    return sharedBuffer;
  }

  onBytes(length: number, buffer: Buffer): boolean {
    if (this.#isDone) return true;
    const chunk = buffer.subarray(0, length);
    if (this.#ready !== undefined) {
      this.#finish({ ...this.#ready, early: Buffer.concat([this.#ready.early, chunk]) });
      return true;
    }
    const held = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk]);
    const reading = readConnectHead(held, this.#maxHeaderBytes);
    if (reading.kind === 'partial') {
      this.#held = held === chunk ? Buffer.from(chunk) : held;
    } else if (reading.kind === 'connect') {
      const { head } = reading;
      const early = head.end === held.length ? NOTHING : Buffer.from(held.subarray(head.end));
      this.#held = undefined;
      this.#ready = { kind: 'connect', head, early };
      this.#listener.onReady(this);
    } else if (reading.kind === 'other') {
      this.#finish({ kind: 'other', bytes: held === chunk ? Buffer.from(chunk) : held });
    } else {
      this.#finish(reading);
    }
    return true;
  }

  #finish(bytes: FirstBytes | undefined): void {
    this.stop();
    this.#listener.onDone(this, bytes);
  }

  /** Also of a client that has asked and said its last word, or gone: that is told by whoever serves it. */
  readonly #onEnd = (): void => this.#finish(this.#ready);
}
