import type { RequestHead } from '@paude/credentials';
import type { SecureStream } from '../http1/secure-stream.ts';
import type { ReasonCode } from '../report/reasons.ts';
import { Http1Sending } from './http1-sending.ts';
import { Http1TargetConnection, type TargetConnectionOwner } from './http1-target-connection.ts';
import type { SendOptions, TargetListener, TargetRequest, TargetSide } from './sides.ts';
import { targetFailure } from './target-failure.ts';

export interface Http1TargetOptions {
  /** The first connection, if it can still be used. */
  readonly first: SecureStream | undefined;
  /** Makes another one. Rejects with a TargetFailure. */
  readonly connect: () => Promise<SecureStream>;
  /** What goes into Host. */
  readonly authority: string;
  readonly maxHeaderBytes: number;
}

/** Sends requests over HTTP/1.1: most often all over one connection, one after another. */
export class Http1TargetSide implements TargetSide, TargetConnectionOwner {
  readonly #options: Http1TargetOptions;
  #free: Http1TargetConnection | undefined;

  constructor(options: Http1TargetOptions) {
    this.#options = options;
    const { first, maxHeaderBytes } = options;
    if (first !== undefined) this.#free = new Http1TargetConnection(first, this, maxHeaderBytes);
  }

  prepare(): Promise<readonly [ReasonCode, string] | undefined> | undefined {
    return this.#free?.isFree === true ? undefined : this.#connect();
  }

  send(head: RequestHead, options: SendOptions, listener: TargetListener): TargetRequest {
    const sending = new Http1Sending(head, this.#options.authority, options, listener);
    this.#take(sending);
    return sending;
  }

  onFree(connection: Http1TargetConnection): void {
    // One that was busy with an answer that nobody wanted, while another was made.
    if (this.#free?.isFree === true) connection.destroy();
    else this.#free = connection;
  }

  onStale(sending: Http1Sending): void {
    void this.#connect().then((fault) => {
      if (fault === undefined) this.#take(sending);
      else sending.listener.onFailure(...fault);
    });
  }

  #take(sending: Http1Sending): void {
    const connection = this.#free;
    this.#free = undefined;
    if (connection?.isFree === true) return connection.take(sending);
    connection?.destroy();
    // It closed since it was made sure of. Nobody is told before they know what they have sent.
    return queueMicrotask(() => sending.listener.onFailure('target-reset', 'ECONNRESET'));
  }

  async #connect(): Promise<readonly [ReasonCode, string] | undefined> {
    this.#free?.destroy();
    this.#free = undefined;
    const { connect, maxHeaderBytes } = this.#options;
    try {
      const connection = new Http1TargetConnection(await connect(), this, maxHeaderBytes);
      this.#free = connection;
      return undefined;
    } catch (error) {
      return targetFailure(error as NodeJS.ErrnoException);
    }
  }
}
