import type { Field } from '@paude/credentials';
import { endToEndPairs, trailerPairs } from '../forward/fields.ts';
import { type BodyFraming, readFraming } from '../http1/body-framing.ts';
import { type Http1ResponseHead, type MessageFault, parseResponseHead } from '../http1/message-head.ts';
import { type MessageListener, MessageReader } from '../http1/message-reader.ts';
import { Outbox } from '../http1/outbox.ts';
import type { SecureListener, SecureStream } from '../http1/secure-stream.ts';
import type { ReasonCode } from '../report/reasons.ts';
import type { Http1Sending, TargetWire } from './http1-sending.ts';

/** More of a response that nobody takes yet is left in the kernel. */
const MAX_WAITING_BYTES = 65_536;

/** Who is told what becomes of a connection. */
export interface TargetConnectionOwner {
  /** It can take the next request. */
  onFree(connection: Http1TargetConnection): void;
  /** It broke while this request was on it, before anything of a response had come. */
  onStale(sending: Http1Sending): void;
}

/** A connection to a target over HTTP/1.1. It takes one request at a time, and is closed when there is any doubt about it. */
export class Http1TargetConnection implements SecureListener, MessageListener, TargetWire {
  readonly outbox: Outbox;
  readonly #stream: SecureStream;
  readonly #reader: MessageReader;
  readonly #owner: TargetConnectionOwner;
  #sending: Http1Sending | undefined;
  /** Of the request that is on it: whether its response has begun, and has ended. */
  #isAnswering = false;
  #isAnswered = false;
  #isInterim = false;
  /** Whether it had a request before this one: it may have gone stale meanwhile. */
  #isKept = false;
  #isPersistent = true;
  #hasInputEnded = false;
  #isHeldBack = false;
  #isReading = false;
  /** When the target will have closed it, as it says. */
  #expiresMs = Number.POSITIVE_INFINITY;

  constructor(stream: SecureStream, owner: TargetConnectionOwner, maxHeadBytes: number) {
    this.#stream = stream;
    this.#owner = owner;
    this.#reader = new MessageReader(this, { kind: 'response', maxHeadBytes });
    this.outbox = new Outbox(stream);
    stream.listen(this);
  }

  /** Whether a request may be sent over it. */
  get isFree(): boolean {
    return this.#sending === undefined && !this.#stream.destroyed && performance.now() < this.#expiresMs;
  }

  take(sending: Http1Sending): void {
    this.#sending = sending;
    this.#isAnswering = false;
    this.#isAnswered = false;
    sending.begin(this);
  }

  pause(): void {
    this.#reader.pause();
  }

  resume(): void {
    if (this.#isReading) return this.#reader.resume();
    this.#isReading = true;
    this.#reader.resume();
    this.#isReading = false;
    return this.#settle();
  }

  /** The request is written: if its response has ended before, the connection is free. */
  sent(): void {
    if (!this.#isReading) this.#settle();
  }

  end(): void {
    this.outbox.flush();
    this.#stream.end();
  }

  destroy(): void {
    this.#sending = undefined;
    this.#reader.stop();
    this.#stream.destroy();
  }

  onBytes(bytes: Buffer): void {
    // Nobody has asked: it must not be taken for the answer to what comes next.
    if (this.#sending === undefined) return this.destroy();
    this.#isReading = true;
    this.#reader.push(bytes);
    this.#isReading = false;
    return this.#settle();
  }

  onEnd(): void {
    this.#hasInputEnded = true;
    this.#settle();
  }

  onDrain(): void {
    this.outbox.drained();
    this.#sending?.onDrain?.();
  }

  onClose(error: NodeJS.ErrnoException | undefined): void {
    this.#fail('target-reset', error?.code ?? 'ECONNRESET');
  }

  onHead(text: string): BodyFraming | undefined {
    const sending = this.#sending;
    if (sending === undefined) return undefined;
    const head = parseResponseHead(text);
    if ('fault' in head) return this.#fail('target-protocol-error', head.detail);
    this.#isAnswering = true;
    const { status, version, fields } = head;
    if (status === 101) return this.#switch(sending, head);
    this.#isInterim = status < 200;
    if (this.#isInterim) {
      sending.listener.onInformation(status, trailerPairs(fields));
      return 0;
    }
    const reading = readFraming(fields, version, 'until-close');
    if ('fault' in reading) return this.#fail('target-protocol-error', reading.fault);
    // RFC 9112 §6.3: these end with their head, whatever their fields say.
    const isBodyless = sending.method === 'HEAD' || status === 204 || status === 304;
    const framing = isBodyless ? 0 : reading.framing;
    this.#noteLife(head);
    sending.listener.onResponse({
      status,
      phrase: head.phrase,
      fields: endToEndPairs(fields),
      ended: false,
      body: sending,
      trailers: () => trailerPairs(sending.trailerFields),
    });
    if (this.#sending !== sending) return undefined;
    if (!sending.isFlowing) this.#reader.pause();
    return framing;
  }

  onBody(bytes: Buffer): void {
    this.#sending?.onBody(bytes);
  }

  onMessageEnd(trailers: readonly Field[]): void {
    if (this.#isInterim) return;
    // What follows is nobody's answer yet; see #settle.
    this.#reader.pause();
    this.#isAnswered = true;
    this.#sending?.onEnd(trailers);
  }

  onMalformed({ detail }: MessageFault): void {
    this.#fail('target-protocol-error', detail);
  }

  /** @returns how the rest is to be read. */
  #switch(sending: Http1Sending, { version, fields }: Http1ResponseHead): BodyFraming | undefined {
    const fault = switchFault(version, fields, sending.upgrade);
    if (fault !== undefined) return this.#fail('target-protocol-error', fault);
    this.#isPersistent = false;
    sending.switch();
    // A 101 has no body (RFC 9110 §8.6); a length could only be taken for that of the first frames.
    const kept = endToEndPairs(fields).filter(([name]) => name.toLowerCase() !== 'content-length');
    sending.listener.onUpgrade(kept, {
      source: sending,
      sink: sending,
      end: () => this.end(),
      destroy: () => this.destroy(),
    });
    if (!sending.isFlowing) this.#reader.pause();
    return 'until-close';
  }

  #noteLife({ version, fields }: Http1ResponseHead): void {
    if (version === '1.0') this.#isPersistent = false;
    for (const [name, value] of fields) {
      if (name.length !== 10) continue;
      const lower = name.toLowerCase();
      if (lower === 'connection' && /\bclose\b/i.test(value)) this.#isPersistent = false;
      // A second less than it promises: what is sent at the last moment may meet its end.
      const seconds = lower === 'keep-alive' ? /\btimeout=(\d{1,6})\b/i.exec(value)?.[1] : undefined;
      if (seconds !== undefined) this.#expiresMs = performance.now() + Number(seconds) * 1000 - 1000;
    }
  }

  /** Draws the conclusions of what has been read. */
  #settle(): void {
    const { waitingBytes } = this.#reader;
    if (waitingBytes > MAX_WAITING_BYTES) {
      this.#isHeldBack = true;
      this.#stream.pause();
    } else if (this.#isHeldBack) {
      this.#isHeldBack = false;
      this.#stream.resume();
    }
    const sending = this.#sending;
    if (this.#hasInputEnded) return this.#settleEnd(sending);
    if (sending === undefined || !this.#isAnswered) return undefined;
    if (waitingBytes > 0 || !this.#isPersistent) return this.destroy();
    // The rest of the request may still come; the exchange breaks it off if not.
    if (!sending.isSent) return undefined;
    this.#sending = undefined;
    this.#isKept = true;
    this.#reader.resume();
    return this.#owner.onFree(this);
  }

  #settleEnd(sending: Http1Sending | undefined): void {
    if (sending === undefined || this.#isAnswered) return this.destroy();
    // What came before the end is read first.
    if (this.#reader.isPaused) return undefined;
    if (!this.#reader.endsWithConnection) return void this.#fail('target-reset', 'ECONNRESET');
    this.#isAnswered = true;
    sending.onEnd([]);
    return this.destroy();
  }

  #fail(reason: ReasonCode, detail: string): undefined {
    const sending = this.#sending;
    const isStale = reason === 'target-reset' && this.#isKept && !this.#isAnswering;
    this.destroy();
    if (sending === undefined || this.#isAnswered) return undefined;
    if (isStale && sending.isRepeatable) return void this.#owner.onStale(sending);
    sending.listener.onFailure(reason, detail);
    return void sending.onBroken(detail);
  }
}

/** What makes a 101 none that was asked for (RFC 9110 §15.2.2). */
function switchFault(
  version: '1.0' | '1.1',
  fields: readonly Field[],
  upgrade: string | undefined,
): string | undefined {
  if (upgrade === undefined) return 'it switched protocols without being asked';
  if (version !== '1.1') return 'it switched protocols in HTTP/1.0';
  const named = fields
    .filter(([name]) => name.toLowerCase() === 'upgrade')
    .map(([, value]) => value.toLowerCase());
  return named.length === 1 && named[0] === upgrade ? undefined : 'it switched to another protocol';
}
