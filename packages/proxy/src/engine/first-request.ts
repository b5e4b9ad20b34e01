import { sharedBuffer } from '../relay/buffers.ts';
import type { ByteStream, ReadSink } from '../relay/byte-stream.ts';
import { readTo } from '../relay/sockets.ts';
import { type ConnectHead, readConnectHead } from './connect-head.ts';
import type { Connection } from './connection.ts';

/** What a connection's first bytes turned out to be. */
export type FirstBytes =
  | { readonly kind: 'connect'; readonly head: ConnectHead; readonly early: Buffer }
  | { readonly kind: 'other'; readonly bytes: Buffer }
  | { readonly kind: 'bad'; readonly reason: 'bad-request' | 'headers-too-large'; readonly why: string };

const NOTHING = Buffer.alloc(0);

/** Reads the first bytes of a connection until it is clear what they are. */
export class FirstRequest implements ReadSink {
  readonly connection: Connection;
  /** `performance.now()` when the connection came. */
  readonly sinceMs = performance.now();
  readonly #maxHeaderBytes: number;
  readonly #onDone: (request: FirstRequest, bytes: FirstBytes | undefined) => void;
  readonly #stopReading: () => void;
  #held: Buffer | undefined;
  #isDone = false;

  /** @param onDone Called once; with undefined when the client left before it asked for anything. */
  constructor(
    connection: Connection,
    maxHeaderBytes: number,
    onDone: (request: FirstRequest, bytes: FirstBytes | undefined) => void,
  ) {
    this.connection = connection;
    this.#maxHeaderBytes = maxHeaderBytes;
    this.#onDone = onDone;
    const stream: ByteStream = connection.stream;
    stream.on('end', this.#onEnd);
    stream.on('close', this.#onEnd);
    this.#stopReading = readTo(this, connection.stream);
  }

  /** Stops reading; `onDone` is not called any more. */
  stop(): void {
    const stream: ByteStream = this.connection.stream;
    this.#isDone = true;
    this.#stopReading();
    stream.off('end', this.#onEnd);
    stream.off('close', this.#onEnd);
    this.#held = undefined;
  }

  nextBuffer(): Buffer {
    return sharedBuffer;
  }

  onBytes(length: number, buffer: Buffer): boolean {
    if (this.#isDone) return true;
    const chunk = buffer.subarray(0, length);
    const held = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk]);
    const reading = readConnectHead(held, this.#maxHeaderBytes);
    if (reading.kind === 'partial') {
      this.#held = held === chunk ? Buffer.from(chunk) : held;
      return true;
    }
    this.stop();
    if (reading.kind === 'connect') {
      const { head } = reading;
      const early = head.end === held.length ? NOTHING : Buffer.from(held.subarray(head.end));
      this.#onDone(this, { kind: 'connect', head, early });
    } else if (reading.kind === 'other') {
      this.#onDone(this, { kind: 'other', bytes: held === chunk ? Buffer.from(chunk) : held });
    } else {
      this.#onDone(this, reading);
    }
    return true;
  }

  readonly #onEnd = (): void => {
    this.stop();
    this.#onDone(this, undefined);
  };
}
