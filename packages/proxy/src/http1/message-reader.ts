import type { Field } from '@paude/credentials';
import type { BodyFraming } from './body-framing.ts';
import { MAX_CHUNK_LINE_BYTES, mayBeginChunkLine, parseChunkLine } from './chunk-line.ts';
import { beginningFault, hasBareLineEnd, lineFault, type MessageFault, parseFields } from './message-head.ts';

/** Whom a reader tells what it reads. All of it may pause, resume or stop the reader. */
export interface MessageListener {
  /**
   * The head of a message, up to and with the CR LF of its last field. Answers how its body ends; undefined when nothing
   * more is to be read.
   */
  onHead(text: string): BodyFraming | undefined;
  /** Bytes of the body; they are lent, and must be copied to be kept. */
  onBody(bytes: Buffer): void;
  /** The message has ended. Unless the reader is paused then, it goes on with the next. */
  onMessageEnd(trailers: readonly Field[]): void;
  /** What comes is no message that every reader reads alike. Nothing more is read. */
  onMalformed(fault: MessageFault): void;
}

export interface MessageReaderOptions {
  readonly kind: 'request' | 'response';
  /** A head, and the trailers of a message. */
  readonly maxHeadBytes: number;
}

type State =
  | 'head'
  | 'length'
  | 'until-close'
  | 'chunk-line'
  | 'chunk'
  | 'chunk-end'
  | 'trailers'
  | 'stopped';

const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');
const NOTHING = Buffer.alloc(0);
const NO_TRAILERS: readonly Field[] = [];
/** All extensions of the chunks of one message. */
const MAX_EXTENSION_BYTES = 16_384;
/** More pieces than these are put together: one of a byte takes a hundred times what it holds. */
const MAX_PIECES = 64;
const CR = 0x0d;
const LF = 0x0a;

/** Reads HTTP/1.1 messages out of bytes, however they are split. What it was given and cannot read yet, it keeps. */
export class MessageReader {
  readonly #listener: MessageListener;
  readonly #options: MessageReaderOptions;
  #state: State = 'head';
  /** Bytes of the body or of the chunk that are still to come. */
  #left = 0;
  #extensionBytes = 0;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** Of the head or the trailers that wait: what has been searched for their end. */
  #searched = 0;
  /** Whether its first line has been looked at. */
  #isLineRead = false;
  #isPaused = false;
  #isRunning = false;

  constructor(listener: MessageListener, options: MessageReaderOptions) {
    this.#listener = listener;
    this.#options = options;
  }

  /** Bytes that were given and not read yet. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Whether no message has begun: none is cut off by an end here. */
  get isBetweenMessages(): boolean {
    return this.#state === 'head' && this.#waitingBytes === 0;
  }

  /** Whether an end of the connection is the end of the message. */
  get endsWithConnection(): boolean {
    return this.#state === 'until-close';
  }

  /** Reads on with these bytes; they are lent. */
  push(bytes: Buffer): void {
    if (this.#state === 'stopped' || bytes.length === 0) return;
    const isNext = this.#waitingBytes === 0 && !this.#isPaused && !this.#isRunning;
    if (isNext) return this.#run(bytes);
    this.#keep(Buffer.from(bytes));
    this.#goOn();
  }

  /** Keeps what comes, and tells nothing, until it is resumed. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#goOn();
  }

  /** Reads no more; what waits is thrown away. */
  stop(): void {
    this.#state = 'stopped';
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #keep(bytes: Buffer): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#waiting.length > MAX_PIECES) this.#waiting = [Buffer.concat(this.#waiting)];
  }

  /** Reads what waits. */
  #goOn(): void {
    if (this.#isRunning || this.#isPaused || this.#state === 'stopped') return;
    const [first = NOTHING] = this.#waiting;
    const bytes = this.#waiting.length > 1 ? Buffer.concat(this.#waiting) : first;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#run(bytes);
  }

  /** Reads as far as it can be read, and keeps a copy of the rest in front of what has come meanwhile. */
  #run(bytes: Buffer): void {
    let at = 0;
    this.#isRunning = true;
    try {
      while (!this.#isPaused && this.#state !== 'stopped') {
        const used = this.#step(bytes, at);
        if (used < 0) break;
        at += used;
      }
    } finally {
      this.#isRunning = false;
    }
    if (this.#isStopped()) return;
    const hasLate = this.#waitingBytes > 0;
    if (at < bytes.length) this.#waiting.unshift(Buffer.from(bytes.subarray(at)));
    this.#waitingBytes += bytes.length - at;
    if (hasLate) this.#goOn();
  }

  #isStopped(): boolean {
    return this.#state === 'stopped';
  }

  /** Reads one part. @returns how many bytes that was; -1 when more must come first. */
  #step(bytes: Buffer, at: number): number {
    switch (this.#state) {
      case 'head':
        return this.#readHead(bytes, at);
      case 'length':
      case 'chunk':
      case 'until-close':
        return this.#readBytes(bytes, at);
      case 'chunk-line':
        return this.#readChunkLine(bytes, at);
      case 'chunk-end':
        return this.#readChunkEnd(bytes, at);
      case 'trailers':
        return this.#readTrailers(bytes, at);
      default:
        return -1;
    }
  }

  #readHead(bytes: Buffer, at: number): number {
    if (bytes.length === at) return -1;
    // An empty line in front of a request is no part of it (RFC 9112 §2.2).
    if (bytes[at] === CR && this.#options.kind === 'request') {
      if (bytes.length - at === 1) return -1;
      if (bytes[at + 1] === LF) return LINE_END.length;
    }
    const { maxHeadBytes } = this.#options;
    const end = bytes.indexOf(HEAD_END, at + Math.max(0, this.#searched - HEAD_END.length));
    if ((end < 0 ? bytes.length : end + HEAD_END.length) - at > maxHeadBytes)
      return this.#fail({ fault: 'headers-too-large', detail: `over ${maxHeadBytes} bytes` });
    if (end < 0) return this.#lookAtBeginning(bytes, at);
    this.#searched = 0;
    this.#isLineRead = false;
    this.#extensionBytes = 0;
    const framing = this.#listener.onHead(bytes.toString('latin1', at, end + 2));
    if (framing === undefined) this.#state = 'stopped';
    // Who has stopped the reader meanwhile has the last word.
    else if (this.#state === 'head') this.#begin(framing);
    return end + HEAD_END.length - at;
  }

  /** Nobody waits for the rest of a head that cannot be one. @returns -1 */
  #lookAtBeginning(bytes: Buffer, at: number): number {
    const { kind } = this.#options;
    if (hasBareLineEnd(this.#freshText(bytes, at))) return this.#malformed('a line ends in CR or LF alone');
    if (this.#isLineRead) return -1;
    const text = bytes.toString('latin1', at, bytes.length);
    const end = text.indexOf('\r\n');
    this.#isLineRead = end >= 0;
    const fault = end < 0 ? beginningFault(text, kind) : lineFault(text.slice(0, end + 2), kind);
    return fault === undefined ? -1 : this.#fail(fault);
  }

  /** Of a head or trailers that are not whole: what has not been looked at before. */
  #freshText(bytes: Buffer, at: number): string {
    // With the CR at the end of what has been looked at, which may want its LF.
    const known = this.#searched - (bytes[at + this.#searched - 1] === CR ? 1 : 0);
    this.#searched = bytes.length - at;
    return bytes.toString('latin1', at + Math.max(0, known), bytes.length);
  }

  #begin(framing: BodyFraming): void {
    this.#left = typeof framing === 'number' ? framing : 0;
    if (framing === 'chunked') this.#state = 'chunk-line';
    else this.#state = framing === 'until-close' ? 'until-close' : 'length';
  }

  #readBytes(bytes: Buffer, at: number): number {
    const isOpen = this.#state === 'until-close';
    if (this.#left === 0 && !isOpen) return this.#endMessage(NO_TRAILERS);
    const there = bytes.length - at;
    if (there === 0) return -1;
    const count = isOpen ? there : Math.min(there, this.#left);
    if (!isOpen) {
      this.#left -= count;
      if (this.#left === 0 && this.#state === 'chunk') this.#state = 'chunk-end';
    }
    this.#listener.onBody(bytes.subarray(at, at + count));
    return count;
  }

  #readChunkLine(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(LINE_END, at);
    const length = (end < 0 ? bytes.length : end) - at;
    if (length > MAX_CHUNK_LINE_BYTES) return this.#malformed('a chunk has too long a line in front of it');
    const line = bytes.toString('latin1', at, at + length);
    if (end < 0) {
      // A CR at the end may be the first half of the line's end.
      const begun = line.endsWith('\r') ? line.slice(0, -1) : line;
      return mayBeginChunkLine(begun) ? -1 : this.#malformed('the size of a chunk is malformed');
    }
    const size = parseChunkLine(line);
    if (size === undefined) return this.#malformed('the size of a chunk is malformed');
    const digits = line.indexOf(';');
    this.#extensionBytes += digits < 0 ? 0 : line.length - digits;
    if (this.#extensionBytes > MAX_EXTENSION_BYTES)
      return this.#malformed('the chunks have too many extensions');
    this.#left = size;
    this.#state = size === 0 ? 'trailers' : 'chunk';
    return length + LINE_END.length;
  }

  #readChunkEnd(bytes: Buffer, at: number): number {
    if (bytes.length - at === 0) return -1;
    const isPossible = bytes[at] === CR && (bytes.length - at === 1 || bytes[at + 1] === LF);
    if (!isPossible) return this.#malformed('a chunk does not end where its size says');
    if (bytes.length - at === 1) return -1;
    this.#state = 'chunk-line';
    return LINE_END.length;
  }

  #readTrailers(bytes: Buffer, at: number): number {
    const { maxHeadBytes } = this.#options;
    if (bytes[at] === CR && bytes[at + 1] === LF) return LINE_END.length + this.#endMessage(NO_TRAILERS);
    const end = bytes.indexOf(HEAD_END, at + Math.max(0, this.#searched - HEAD_END.length));
    if ((end < 0 ? bytes.length : end + HEAD_END.length) - at > maxHeadBytes)
      return this.#fail({ fault: 'headers-too-large', detail: `trailers over ${maxHeadBytes} bytes` });
    if (end < 0) {
      return hasBareLineEnd(this.#freshText(bytes, at))
        ? this.#malformed('a line ends in CR or LF alone')
        : -1;
    }
    const fields = parseFields(bytes.toString('latin1', at, end + 2), 0);
    if (typeof fields === 'string') return this.#malformed(fields);
    this.#endMessage(fields);
    return end + HEAD_END.length - at;
  }

  /** @returns 0 */
  #endMessage(trailers: readonly Field[]): number {
    this.#state = 'head';
    this.#searched = 0;
    this.#listener.onMessageEnd(trailers);
    return 0;
  }

  #malformed(detail: string): number {
    return this.#fail({ fault: 'bad-request', detail });
  }

  /** @returns -1 */
  #fail(fault: MessageFault): number {
    this.#state = 'stopped';
    this.#listener.onMalformed(fault);
    return -1;
  }
}
