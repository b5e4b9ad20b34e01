import type { Field } from '@paude/credentials';
import { trailerPairs } from '../forward/fields.ts';
import type { Outbox } from '../http1/outbox.ts';
import { writeFields, writeHead } from '../http1/write-head.ts';
import { BodyPipe, discarding } from './body-pipe.ts';
import type { ReadHead } from './http1-head.ts';
import type { BodySink, BodySource, BodyTaker, ClientSide, ResponseHead, Switched } from './sides.ts';

/** What a request sees of the connection that it came over. */
export interface ClientWire {
  readonly outbox: Outbox;
  /** How long a connection is kept for the next request, in whole seconds. */
  readonly keepAliveSeconds: number;
  /** Lets the body of the request wait, and come again. */
  pause(): void;
  resume(): void;
  /** The response is written; `isLast` when no other may follow it. */
  served(isLast: boolean): void;
  /** Ends our direction. */
  end(): void;
  destroy(): void;
}

/** How the body of a response is told from what follows it: bytes that are left, chunks, the end, or there is none. */
type Framing = { left: number } | 'chunked' | 'until-close' | 'none' | 'switched';

/** A request over HTTP/1.1. It is the source of its own body, and the sink of the response's. */
export class Http1ClientSide implements ClientSide, BodySource, BodySink {
  readonly head: ReadHead['head'];
  readonly body: BodySource | undefined;
  readonly upgrade?: 'websocket';
  onDrain: (() => void) | undefined;
  complete: boolean;
  responded = false;
  readonly #wire: ClientWire;
  readonly #version: '1.0' | '1.1';
  readonly #closing: (() => void)[] = [];
  #isLast: boolean;
  #holdsBody: boolean;
  #taker: BodyTaker | undefined;
  #trailers: readonly Field[] = [];
  #framing: Framing = 'none';
  #isFinished = false;
  #isGone = false;

  constructor(wire: ClientWire, read: ReadHead, version: '1.0' | '1.1') {
    this.#wire = wire;
    this.#version = version;
    this.head = read.head;
    if (read.upgrade !== undefined) this.upgrade = read.upgrade;
    this.complete = read.framing === 0 || read.upgrade !== undefined;
    this.body = this.complete ? undefined : this;
    this.#isLast = read.isLast;
    this.#holdsBody = read.expectsContinue;
  }

  /** Whether somebody takes the body. */
  get isFlowing(): boolean {
    return this.#taker !== undefined;
  }

  flowTo(taker: BodyTaker): void {
    this.#taker = taker;
    this.#wire.resume();
  }

  pause(): void {
    this.#wire.pause();
  }

  resume(): void {
    this.#wire.resume();
  }

  trailers(): readonly Field[] {
    return this.#trailers;
  }

  sendContinue(): void {
    if (!this.#holdsBody || this.responded) return;
    this.#holdsBody = false;
    this.#writeInterim('HTTP/1.1 100 Continue\r\n');
  }

  inform(status: number, fields: readonly Field[]): void {
    // Only where it is understood, and while the client reads.
    if (this.#version !== '1.1' || this.#wire.outbox.isFull) return;
    if (status === 100) return this.sendContinue();
    return this.#writeInterim(writeHead(`HTTP/1.1 ${status} `, '', fields));
  }

  respond({ status, phrase, fields }: ResponseHead): BodySink | undefined {
    const isBodyless = this.head.method === 'HEAD' || status === 204 || status === 304;
    const length = lengthIn(fields);
    // A client that was not asked for its body may send it or not: what follows could be either.
    this.#isLast ||= this.#holdsBody && !this.complete;
    let own = '';
    if (isBodyless) this.#framing = 'none';
    else if (length !== undefined) this.#framing = { left: length };
    else if (this.#version === '1.1') {
      this.#framing = 'chunked';
      own = 'Transfer-Encoding: chunked\r\n';
    } else this.#framing = 'until-close';
    own += this.#isLast
      ? 'Connection: close\r\n'
      : `Connection: keep-alive\r\nKeep-Alive: timeout=${this.#wire.keepAliveSeconds}\r\n`;
    // A 204 has no body; a length could only be taken for that of what follows (RFC 9110 §8.6).
    const sent = status === 204 && length !== undefined ? withoutLength(fields) : fields;
    const text = writeHead(`HTTP/1.1 ${status} ${phrase}`, own, sent);
    this.responded = true;
    if (this.#isGone) return undefined;
    this.#wire.outbox.writeText(`${text}\r\n`);
    return isBodyless ? undefined : this;
  }

  write(bytes: Buffer): boolean {
    const { outbox } = this.#wire;
    if (this.#isGone || bytes.length === 0) return true;
    const framing = this.#framing;
    if (framing === 'chunked') {
      outbox.writeText(`${bytes.length.toString(16)}\r\n`);
      outbox.write(bytes);
      outbox.writeText('\r\n');
    } else {
      if (typeof framing === 'object') {
        framing.left -= bytes.length;
        // What is more than was announced would be read as the next response.
        if (framing.left < 0) {
          this.#wire.destroy();
          return true;
        }
      }
      outbox.write(bytes);
    }
    return !outbox.isFull;
  }

  finish(trailers: readonly Field[]): void {
    if (this.#isFinished || this.#isGone) return;
    this.#isFinished = true;
    const { outbox } = this.#wire;
    const framing = this.#framing;
    if (framing === 'chunked') outbox.writeText(`0\r\n${writeFields(trailers)}\r\n`);
    else if (typeof framing === 'object' && framing.left > 0) return this.#wire.destroy();
    outbox.flush();
    if (!this.complete) this.discard();
    this.#close();
    this.#wire.served(this.#isLast || framing === 'until-close');
  }

  abort(): void {
    this.#wire.destroy();
  }

  discard(): void {
    if (!this.complete) this.flowTo(discarding);
  }

  /** Answers 101, and joins the two directions until both have ended. */
  switchTo(fields: readonly Field[], target: Switched, onBytesDown: (count: number) => void): void {
    const own = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
    this.responded = true;
    this.#framing = 'switched';
    this.#wire.outbox.writeText(`${writeHead('HTTP/1.1 101 Switching Protocols', own, fields)}\r\n`);
    this.#closing.push(() => target.destroy());
    const down = new BodyPipe(target.source, this, {
      onBytes: ({ length }) => onBytesDown(length),
      onEnd: () => this.#wire.end(),
      onBroken: () => this.#wire.destroy(),
    });
    const up = new BodyPipe(this, target.sink, {
      onBytes: () => undefined,
      onEnd: () => target.end(),
      onBroken: () => target.destroy(),
    });
    down.start();
    up.start();
  }

  onClose(listener: () => void): void {
    if (this.#isGone || this.#isFinished) listener();
    else this.#closing.push(listener);
  }

  /** Of the connection alone: bytes of the body; they are lent. */
  onBody(bytes: Buffer): void {
    this.#taker?.onBytes(bytes);
  }

  /** Of the connection alone: the request has ended. */
  onEnd(trailers: readonly Field[]): void {
    if (this.complete && this.#framing !== 'switched') return;
    this.complete = true;
    this.#trailers = trailerPairs(trailers);
    this.#taker?.onEnd();
  }

  /** Of the connection alone: nothing behind this request can be read. */
  isLastNow(): void {
    this.#isLast = true;
  }

  /** Of the connection alone: it has closed. */
  onGone(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    if (!this.#isFinished) this.#close();
    if (!this.complete) this.#taker?.onBroken();
  }

  #close(): void {
    for (const listener of this.#closing.splice(0)) listener();
  }

  #writeInterim(text: string): void {
    if (this.#isGone || this.responded) return;
    this.#wire.outbox.writeText(`${text}\r\n`);
    this.#wire.outbox.flush();
  }
}

/** What Content-Length says. It has been checked, or is our own. */
function lengthIn(fields: readonly Field[]): number | undefined {
  for (const [name, value] of fields) {
    if (name.length === 14 && name.toLowerCase() === 'content-length') return Number(value);
  }
  return undefined;
}

function withoutLength(fields: readonly Field[]): Field[] {
  return fields.filter(([name]) => name.toLowerCase() !== 'content-length');
}
