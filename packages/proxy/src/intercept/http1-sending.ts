import type { Field, RequestHead } from '@paude/credentials';
import type { Outbox } from '../http1/outbox.ts';
import { writeFields, writeHead } from '../http1/write-head.ts';
import type { BodySink, BodySource, BodyTaker, SendOptions, TargetListener, TargetRequest } from './sides.ts';

/** Methods that may be sent again when a kept connection turns out to be dead (RFC 9110 §9.2.2), if there is no body. */
const REPEATABLE = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Methods whose requests need not say that they have no body. */
const BODYLESS = new Set([...REPEATABLE, 'DELETE']);

/** What a request sees of the connection that it goes over. */
export interface TargetWire {
  readonly outbox: Outbox;
  /** Lets the body of the response wait, and come again. */
  pause(): void;
  resume(): void;
  /** The request is written. */
  sent(): void;
  /** Ends our direction. */
  end(): void;
  destroy(): void;
}

/** A request over HTTP/1.1, on its way. It is the sink of its own body, and the source of the response's. */
export class Http1Sending implements TargetRequest, BodySink, BodySource {
  onDrain: (() => void) | undefined;
  readonly body = this;
  readonly method: string;
  readonly upgrade: 'websocket' | undefined;
  readonly listener: TargetListener;
  /** Whether it may be sent again. */
  readonly isRepeatable: boolean;
  /** Whether all of it has been written. */
  isSent: boolean;
  /** The trailer fields of the response. */
  trailerFields: readonly Field[] = [];
  readonly #text: string;
  /** How many bytes of the body are left; undefined for chunks. */
  #left: number | undefined;
  #wire: TargetWire | undefined;
  #taker: BodyTaker | undefined;
  #isSwitched = false;
  #isAborted = false;

  /** @throws HeadFault for a head that would not be read as it was meant. */
  constructor(
    head: RequestHead,
    authority: string,
    { hasBody, upgrade }: SendOptions,
    listener: TargetListener,
  ) {
    const { method, path } = head;
    this.method = method;
    this.upgrade = upgrade;
    this.listener = listener;
    this.isRepeatable = !hasBody && upgrade === undefined && REPEATABLE.has(method);
    this.isSent = !hasBody;
    let fields = head.fields;
    let length: string | undefined;
    for (const [name, value] of fields) {
      const lower = name.length === 4 || name.length === 14 ? name.toLowerCase() : '';
      if (lower === 'content-length') length = value;
      else if (lower === 'host') fields = fields.filter(([other]) => other.toLowerCase() !== 'host');
    }
    let own =
      upgrade === undefined ? 'Connection: keep-alive\r\n' : `Connection: Upgrade\r\nUpgrade: ${upgrade}\r\n`;
    if (hasBody && length === undefined) own = `Transfer-Encoding: chunked\r\n${own}`;
    else if (!hasBody && length === undefined && !BODYLESS.has(method)) own = `Content-Length: 0\r\n${own}`;
    this.#left = length === undefined ? undefined : Number(length);
    // Zeros in front make it a number in base 8 for some.
    if (length !== undefined && /^0\d/.test(length)) {
      own = `Content-Length: ${this.#left}\r\n${own}`;
      fields = fields.filter(([name]) => name.toLowerCase() !== 'content-length');
    }
    this.#text = `${writeHead(`${method} ${path} HTTP/1.1`, `Host: ${authority}\r\n${own}`, fields)}\r\n`;
  }

  /** Whether somebody takes the body of the response. */
  get isFlowing(): boolean {
    return this.#taker !== undefined;
  }

  /** Writes the head, and a request without a body with it. */
  begin(wire: TargetWire): void {
    this.#wire = wire;
    wire.outbox.writeText(this.#text);
    if (this.isSent) wire.outbox.flush();
  }

  /** Becomes a connection that speaks another protocol. */
  switch(): void {
    this.#isSwitched = true;
  }

  write(bytes: Buffer): boolean {
    const wire = this.#wire;
    if (wire === undefined || this.#isAborted || bytes.length === 0) return true;
    const { outbox } = wire;
    if (this.#isSwitched) {
      outbox.write(bytes);
    } else if (this.#left === undefined) {
      outbox.writeText(`${bytes.length.toString(16)}\r\n`);
      outbox.write(bytes);
      outbox.writeText('\r\n');
    } else {
      this.#left -= bytes.length;
      // What is more than was announced would be read as the next request.
      if (this.#left < 0) {
        this.abort();
        return true;
      }
      outbox.write(bytes);
    }
    return !outbox.isFull;
  }

  end(trailers: readonly Field[]): void {
    const wire = this.#wire;
    if (wire === undefined || this.#isAborted || this.isSent) return;
    if (this.#left === undefined) wire.outbox.writeText(`0\r\n${writeFields(trailers)}\r\n`);
    else if (this.#left > 0) return this.abort();
    wire.outbox.flush();
    this.isSent = true;
    wire.sent();
  }

  abort(): void {
    this.#isAborted = true;
    this.#wire?.destroy();
  }

  flowTo(taker: BodyTaker): void {
    this.#taker = taker;
    this.#wire?.resume();
  }

  pause(): void {
    this.#wire?.pause();
  }

  resume(): void {
    this.#wire?.resume();
  }

  /** Of the connection alone: bytes of the response; they are lent. */
  onBody(bytes: Buffer): void {
    this.#taker?.onBytes(bytes);
  }

  /** Of the connection alone: the response will not end. */
  onBroken(code: string): void {
    const taker = this.#taker;
    this.#taker = undefined;
    taker?.onBroken(code);
  }

  /** Of the connection alone: the response has ended. */
  onEnd(trailers: readonly Field[]): void {
    this.trailerFields = trailers;
    const taker = this.#taker;
    this.#taker = undefined;
    taker?.onEnd();
  }
}
