import { type ConnectHead, readConnectHead } from './connect-head.ts';
import type { Connection } from './connection.ts';

/** What a connection's first bytes turned out to be. */
export type FirstBytes =
  | { readonly kind: 'connect'; readonly head: ConnectHead; readonly early: Buffer }
  | { readonly kind: 'other'; readonly bytes: Buffer }
  | { readonly kind: 'bad'; readonly reason: 'bad-request' | 'headers-too-large'; readonly why: string };

/** Reads the first bytes of a connection until it is clear what they are. */
export class FirstRequest {
  readonly connection: Connection;
  /** `performance.now()` when the connection came. */
  readonly sinceMs = performance.now();
  readonly #maxHeaderBytes: number;
  readonly #onDone: (request: FirstRequest, bytes: FirstBytes | undefined) => void;
  #held: Buffer | undefined;

  /** @param onDone Called once; with undefined when the client left before it asked for anything. */
  constructor(
    connection: Connection,
    maxHeaderBytes: number,
    onDone: (request: FirstRequest, bytes: FirstBytes | undefined) => void,
  ) {
    this.connection = connection;
    this.#maxHeaderBytes = maxHeaderBytes;
    this.#onDone = onDone;
    const { socket } = connection;
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('close', this.#onEnd);
  }

  /** Stops reading; `onDone` is not called any more. */
  stop(): void {
    const { socket } = this.connection;
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('close', this.#onEnd);
    this.#held = undefined;
  }

  readonly #onData = (chunk: Buffer): void => {
    const held = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk]);
    const reading = readConnectHead(held, this.#maxHeaderBytes);
    if (reading.kind === 'partial') {
      this.#held = held;
      return;
    }
    this.stop();
    if (reading.kind === 'connect') {
      const { head } = reading;
      this.#onDone(this, { kind: 'connect', head, early: held.subarray(head.end) });
    } else if (reading.kind === 'other') {
      this.#onDone(this, { kind: 'other', bytes: held });
    } else {
      this.#onDone(this, reading);
    }
  };

  readonly #onEnd = (): void => {
    this.stop();
    this.#onDone(this, undefined);
  };
}
