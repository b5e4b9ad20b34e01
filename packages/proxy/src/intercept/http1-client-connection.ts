import type { TLSSocket } from 'node:tls';
import type { Field } from '@paude/credentials';
import type { EngineContext } from '../engine/context.ts';
import type { BodyFraming } from '../http1/body-framing.ts';
import { type MessageFault, parseRequestHead } from '../http1/message-head.ts';
import { type MessageListener, MessageReader } from '../http1/message-reader.ts';
import { Outbox } from '../http1/outbox.ts';
import type { SecureListener, SecureStream } from '../http1/secure-stream.ts';
import { renderRefusal, serializeRefusal } from '../report/refusal.ts';
import type { Exchange } from './exchange.ts';
import { type ClientWire, Http1ClientSide } from './http1-client-side.ts';
import { Http1HeadReader, type ReadHead, type Unreadable } from './http1-head.ts';
import type { InterceptedTunnel } from './intercepted-tunnel.ts';

/** More that was sent ahead of its turn is left in the kernel. */
const MAX_WAITING_BYTES = 65_536;

export interface Http1ClientOptions {
  readonly tunnel: InterceptedTunnel;
  readonly stream: SecureStream;
  /** What `stream` stands on. */
  readonly socket: TLSSocket;
}

/**
 * A client's connection that speaks HTTP/1.1. Its requests are served one after another, also when the client does not
 * wait for the answers (RFC 9112 §9.3.2): a target sees them in the client's order.
 */
export class Http1ClientConnection implements SecureListener, MessageListener, ClientWire {
  readonly outbox: Outbox;
  readonly keepAliveSeconds: number;
  readonly #context: EngineContext;
  readonly #options: Http1ClientOptions;
  readonly #heads: Http1HeadReader;
  readonly #reader: MessageReader;
  readonly #onClosed: (connection: Http1ClientConnection) => void;
  /** The request that is being served. */
  #side: Http1ClientSide | undefined;
  #exchange: Exchange | undefined;
  /** Of that request: whether it has come to its end, and whether it has been answered. Both together let the next one come. */
  #isRead = false;
  #isAnswered = false;
  #isFirst = true;
  #isEnding = false;
  #hasInputEnded = false;
  /** Whether so much waits to be read here that no more is taken from the kernel. */
  #isHeldBack = false;
  /** Since when the next whole head is due, whatever comes in front of it, or the end of a body that is thrown away. */
  #waitsSinceMs = performance.now();

  constructor(
    context: EngineContext,
    options: Http1ClientOptions,
    onClosed: (connection: Http1ClientConnection) => void,
  ) {
    const { headMs } = context.timeouts;
    this.#context = context;
    this.#options = options;
    this.#onClosed = onClosed;
    this.keepAliveSeconds = Math.floor(headMs / 1000);
    this.#heads = new Http1HeadReader(options.tunnel.target);
    this.#reader = new MessageReader(this, { kind: 'request', maxHeadBytes: context.limits.maxHeaderBytes });
    this.outbox = new Outbox(options.stream);
  }

  start(): void {
    this.#options.stream.listen(this);
  }

  /** Ends what has waited for too long. */
  sweep(nowMs: number): void {
    const isWaiting = this.#side === undefined || this.#isAnswered;
    if (!isWaiting || this.#isEnding || nowMs - this.#waitsSinceMs <= this.#context.timeouts.headMs) return;
    const isHeadDue = this.#side === undefined && (this.#isFirst || !this.#reader.isBetweenMessages);
    if (isHeadDue) return void this.#refuse('', { reason: 'request-timeout' });
    // What it has been answered may still be on its way.
    this.#reader.stop();
    this.end();
  }

  /** Ends the connection. A client that reads slowly is given all that was written; then it is not waited for. */
  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.outbox.flush();
    const { stream, socket } = this.#options;
    socket.once('finish', () => this.#context.linger.add(socket));
    stream.end();
  }

  destroy(): void {
    this.#options.stream.destroy();
  }

  pause(): void {
    this.#reader.pause();
  }

  resume(): void {
    this.#reader.resume();
    this.#balance();
  }

  served(isLast: boolean): void {
    if (isLast || this.#isEnding) {
      this.#reader.stop();
      return this.end();
    }
    this.#isAnswered = true;
    this.#waitsSinceMs = performance.now();
    return this.#isRead ? this.#next() : undefined;
  }

  onBytes(bytes: Buffer): void {
    this.#reader.push(bytes);
    this.#balance();
  }

  onEnd(): void {
    this.#hasInputEnded = true;
    // HTTP has no use for half of a connection; another protocol may have.
    if (!this.#reader.endsWithConnection) this.destroy();
    else this.#balance();
  }

  onDrain(): void {
    this.outbox.drained();
    if (this.#side === undefined) this.resume();
    else this.#side.onDrain?.();
  }

  onClose(): void {
    this.#reader.stop();
    this.#side?.onGone();
    this.#onClosed(this);
  }

  onHead(text: string): BodyFraming | undefined {
    const parsed = parseRequestHead(text);
    if ('fault' in parsed) return this.#refuse('', { reason: parsed.fault, detail: parsed.detail });
    const read = this.#heads.read(parsed);
    if ('reason' in read) {
      const accept = parsed.fields.find(([name]) => name.toLowerCase() === 'accept')?.[1];
      return this.#refuse(parsed.method, read, accept);
    }
    this.#isFirst = false;
    const side = new Http1ClientSide(this, read, parsed.version);
    this.#side = side;
    this.#serve(side, read);
    // What follows the handshake of another protocol is not HTTP.
    const framing = read.upgrade === undefined ? read.framing : 'until-close';
    if (framing !== 0 && !side.isFlowing) this.#reader.pause();
    return framing;
  }

  onBody(bytes: Buffer): void {
    this.#side?.onBody(bytes);
  }

  onMessageEnd(trailers: readonly Field[]): void {
    this.#isRead = true;
    this.#side?.onEnd(trailers);
    if (this.#isAnswered) this.#next();
    else this.#reader.pause();
  }

  /** The rest of a request cannot be read, nor what follows it. */
  onMalformed({ fault: reason, detail }: MessageFault): undefined {
    const side = this.#side;
    if (side === undefined) return this.#refuse('', { reason, detail });
    if (this.#isAnswered) return void this.end();
    side.isLastNow();
    return this.#exchange?.refuse(reason, detail);
  }

  #serve(side: Http1ClientSide, { fault }: ReadHead): void {
    const onDefect = (error: unknown) => {
      this.#context.onDefect(error);
      this.destroy();
    };
    try {
      const exchange = this.#options.tunnel.exchange(side);
      this.#exchange = exchange;
      if (fault !== undefined) exchange.refuse(fault.reason, fault.detail);
      else exchange.run()?.catch(onDefect);
    } catch (error) {
      onDefect(error);
    }
  }

  #next(): void {
    this.#side = undefined;
    this.#exchange = undefined;
    this.#isRead = false;
    this.#isAnswered = false;
    this.#waitsSinceMs = performance.now();
    // A client that reads no answers gets no more of them.
    if (this.outbox.isFull) this.#reader.pause();
    // Not within what has just ended: the connection to the target is not free before that is over.
    else if (this.#reader.waitingBytes > 0) queueMicrotask(() => this.resume());
    else this.resume();
  }

  #balance(): void {
    const { stream } = this.#options;
    const { waitingBytes } = this.#reader;
    if (waitingBytes > MAX_WAITING_BYTES) {
      this.#isHeldBack = true;
      stream.pause();
    } else if (this.#isHeldBack) {
      this.#isHeldBack = false;
      stream.resume();
    }
    if (!this.#hasInputEnded || waitingBytes > 0 || this.#isEnding) return;
    this.#side?.onEnd([]);
    this.end();
  }

  /** Refuses what is no request that could be served; nothing behind it is read. */
  #refuse(method: string, { reason, detail }: Unreadable, accept?: string): undefined {
    const { audit, counters } = this.#context;
    const record = this.#options.tunnel.record(method);
    const { id, host, port } = record;
    counters.refuse(reason);
    audit.decision(record, { decision: 'deny', reason, detail });
    this.#reader.stop();
    const refusal = renderRefusal({ id, reason, detail, host, port }, accept);
    this.outbox.write(Buffer.from(serializeRefusal(refusal)));
    return void this.end();
  }
}
