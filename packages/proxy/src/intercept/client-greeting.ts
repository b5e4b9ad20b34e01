import type { Socket } from 'node:net';
import type { Host } from '@paude/allowlist';
import { hostKind } from '@paude/allowlist';
import type { ReasonCode } from '../report/reasons.ts';
import { readClientHello, readProtocols } from '../tls/client-hello.ts';
import { HelloGate } from '../tls/hello-gate.ts';

/** What a client's first bytes in a tunnel were. */
export type Greeting =
  | {
      readonly kind: 'hello';
      readonly sni: string | undefined;
      /** The application protocols that it offers, in its order. */
      readonly protocols: readonly string[];
    }
  | {
      readonly kind: 'refused';
      readonly reason: ReasonCode;
      readonly detail: string;
      readonly sni: string | undefined;
    };

export interface GreetingOptions {
  readonly host: Host;
  readonly maxBytes: number;
}

/**
 * Reads the ClientHello of a tunnel that is to be intercepted, by the same rules as that of one that is not. Every byte
 * is kept, so that the TLS server can have them all.
 */
export class ClientGreeting {
  readonly #socket: Socket;
  readonly #options: GreetingOptions;
  readonly #gate: HelloGate;
  readonly #done: Promise<Greeting>;
  readonly #finish: (greeting: Greeting) => void;
  #bytes: Buffer;
  #isDone = false;
  #waitsSinceMs: number | undefined;

  /** Reads from the socket at once: the proxy learns that a client went away while it dials. */
  constructor(socket: Socket, early: Buffer, options: GreetingOptions) {
    this.#socket = socket;
    this.#options = options;
    const { host, maxBytes } = options;
    this.#gate = new HelloGate({ host, isAddress: hostKind(host) !== 'name', plainAllowed: false, maxBytes });
    const { promise, resolve } = Promise.withResolvers<Greeting>();
    this.#done = promise;
    this.#finish = resolve;
    this.#bytes = Buffer.from(early);
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    if (early.length > 0) this.#look(this.#bytes);
    // Its last word may have been read with its first.
    if (socket.readableEnded) this.#onEnd();
  }

  /** Since when the ClientHello is due; undefined before `hello()` was called, and when it is there. */
  get pendingSinceMs(): number | undefined {
    return this.#isDone ? undefined : this.#waitsSinceMs;
  }

  /** Resolves when the ClientHello is there; never, when the client goes away before. */
  hello(): Promise<Greeting> {
    this.#waitsSinceMs = performance.now();
    return this.#done;
  }

  /** Stops reading: the tunnel will not be. */
  ignore(): void {
    this.#stop();
    this.#bytes = Buffer.alloc(0);
  }

  /** Stops reading, and puts back all that was read. @returns the socket as it was, paused. */
  handBack(): Socket {
    this.#stop();
    this.#socket.pause();
    if (this.#bytes.length > 0) this.#socket.unshift(this.#bytes);
    return this.#socket;
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    if (!this.#isDone) this.#look(chunk);
    // What follows the hello is early data of a client that does not wait; it has to.
    if (this.#isDone || this.#bytes.length > this.#options.maxBytes) this.#socket.pause();
  };

  /** Who sends no more before it has greeted is gone: nothing can come of the tunnel. */
  readonly #onEnd = (): void => {
    if (!this.#isDone) this.#socket.destroy();
  };

  #stop(): void {
    this.#socket.off('data', this.#onData);
    this.#socket.off('end', this.#onEnd);
  }

  #look(chunk: Buffer): void {
    const verdict = this.#gate.push(chunk);
    const { sni } = this.#gate;
    if (verdict.kind === 'refuse') {
      const { reason, detail } = verdict;
      this.#end({ kind: 'refused', reason, detail, sni });
    } else if (this.#gate.helloRead) {
      const reading = readClientHello(this.#bytes);
      const alpn = reading.kind === 'hello' ? reading.alpn : undefined;
      this.#end({ kind: 'hello', sni, protocols: readProtocols(alpn) });
    }
  }

  #end(greeting: Greeting): void {
    this.#isDone = true;
    this.#finish(greeting);
  }
}
