import { type Host, tryParseHost } from '@paude/allowlist';
import type { ReasonCode } from '../report/reasons.ts';
import { type HelloReading, readClientHello } from './client-hello.ts';

/** What the gate asks of a tunnel. */
export interface HelloRequirement {
  /** The canonical host of the CONNECT. */
  readonly host: Host;
  /** Whether the host is an IP address: those carry no SNI (RFC 6066 §3), so a missing one is right. */
  readonly isAddress: boolean;
  /** Whether what is not TLS may pass: every port but 443. */
  readonly plainAllowed: boolean;
  /** @default 16384 */
  readonly maxBytes: number;
}

const EMPTY = Buffer.alloc(0);

/** What the gate says of the bytes so far. `pass` with no bytes means: wait for more. */
export type GateVerdict =
  | { readonly kind: 'pass'; readonly bytes: Buffer; readonly done: boolean }
  | (Refusal & { readonly bytes: Buffer });

/** How many bytes may pass, and whether the gate has seen all that it must see. */
type Judgement = { readonly kind: 'pass'; readonly upTo: number; readonly done: boolean } | Refusal;
interface Refusal {
  readonly kind: 'refuse';
  readonly reason: ReasonCode;
  readonly detail: string;
}

const HOLD: Judgement = { kind: 'pass', upTo: 0, done: false };
const RECORD_HEADER_BYTES = 5;
const RECORD_HANDSHAKE = 22;

/**
 * Stands at the start of a tunnel's way from client to target, and lets bytes pass only when the TLS ClientHello names
 * the tunnel's host. It stays until the server has answered: one that asks for another ClientHello (HelloRetryRequest,
 * RFC 8446 §4.1.4) takes the name from the second, and that may stand behind records which the server reads over (0-RTT
 * data, change_cipher_spec, a warning). Only the server's answer tells an encrypted record of TLS 1.2 from such a hello.
 */
export class HelloGate {
  readonly #need: HelloRequirement;
  #held: Buffer = EMPTY;
  #heldBytes = 0;
  #helloSeen = false;
  /** Bytes of the record at hand that pass unread. */
  #passing = 0;
  #answered = false;
  #pendingSinceMs: number | undefined;
  /** The server name of the ClientHello, once read. */
  sni: string | undefined;

  constructor(need: HelloRequirement) {
    this.#need = need;
    if (!need.plainAllowed) this.#pendingSinceMs = performance.now();
  }

  /** Since when a ClientHello is due: from the start where TLS must come, else from its first byte. Undefined when none is. */
  get pendingSinceMs(): number | undefined {
    return this.#helloSeen ? undefined : this.#pendingSinceMs;
  }

  /** Whether a whole ClientHello has come, one that passed or one with a name that did not. */
  get helloRead(): boolean {
    return this.#helloSeen || this.sni !== undefined;
  }

  /** To be called when the server has answered the first hello with its own: there will be no second one. */
  serverAccepted(): void {
    this.#answered = true;
  }

  /** Takes what the client sent. `chunk` is not kept: what must be held is copied; the bytes that pass may be `chunk`. */
  push(chunk: Buffer): GateVerdict {
    const bytes = this.#heldBytes === 0 ? chunk : this.#join(chunk);
    const judgement = this.#helloSeen ? this.#judgeAfterHello(bytes, 0) : this.#judgeHello(bytes);
    if (judgement.kind === 'refuse') return { ...judgement, bytes };
    const { upTo, done } = judgement;
    const rest = bytes.length - upTo;
    if (rest > this.#need.maxBytes) return { ...this.#tooLarge(), bytes };
    if (upTo === bytes.length) this.#release();
    else if (upTo > 0 || this.#heldBytes === 0) this.#keep(bytes.subarray(upTo));
    if (upTo === 0) this.#pendingSinceMs ??= performance.now();
    return { kind: 'pass', bytes: upTo === bytes.length ? bytes : bytes.subarray(0, upTo), done };
  }

  #judgeHello(bytes: Buffer): Judgement {
    const reading = readClientHello(bytes);
    if (reading.kind === 'partial') return HOLD;
    if (reading.kind === 'malformed') return refuse('client-hello-malformed', reading.why);
    if (reading.kind === 'not-tls') {
      if (this.#need.plainAllowed) return { kind: 'pass', upTo: bytes.length, done: true };
      return refuse('not-tls', 'the first bytes are no TLS handshake');
    }
    this.sni = reading.sni;
    const fault = this.#fault(reading);
    if (fault !== undefined) return fault;
    this.#helloSeen = true;
    return this.#judgeAfterHello(bytes, reading.end);
  }

  /** Behind the hello: records pass, one by one, but handshake messages; of those there can be only a second hello. */
  #judgeAfterHello(bytes: Buffer, start: number): Judgement {
    if (this.#answered) return { kind: 'pass', upTo: bytes.length, done: true };
    let offset = start;
    for (;;) {
      const passing = Math.min(this.#passing, bytes.length - offset);
      this.#passing -= passing;
      offset += passing;
      if (bytes.length < offset + RECORD_HEADER_BYTES) return { kind: 'pass', upTo: offset, done: false };
      if (bytes[offset] === RECORD_HANDSHAKE) break;
      this.#passing = RECORD_HEADER_BYTES + bytes.readUInt16BE(offset + 3);
    }
    const reading = readClientHello(bytes.subarray(offset));
    if (reading.kind === 'partial') return { kind: 'pass', upTo: offset, done: false };
    if (reading.kind !== 'hello') {
      const why = reading.kind === 'malformed' ? reading.why : 'no TLS';
      return refuse('client-hello-malformed', `the second ClientHello: ${why}`);
    }
    return this.#fault(reading) ?? { kind: 'pass', upTo: bytes.length, done: true };
  }

  #fault({ sni, ech, end }: Extract<HelloReading, { kind: 'hello' }>): Refusal | undefined {
    // The same limit as for one that comes in pieces: how it is cut must not matter.
    if (end > this.#need.maxBytes) return this.#tooLarge();
    if (ech) return refuse('ech', 'the name that the server would act on is encrypted');
    if (sni === undefined)
      return this.#need.isAddress ? undefined : refuse('sni-missing', 'the ClientHello names no server');
    if (tryParseHost(sni) === this.#need.host) return undefined;
    this.sni = sni;
    return refuse('sni-mismatch', `the ClientHello names ${sni}`);
  }

  #tooLarge(): Refusal {
    return refuse('client-hello-too-large', `over ${this.#need.maxBytes} bytes`);
  }

  #join(chunk: Buffer): Buffer {
    this.#append(chunk);
    return this.#held.subarray(0, this.#heldBytes);
  }

  #keep(rest: Buffer): void {
    const copy = Buffer.from(rest);
    this.#release();
    this.#append(copy);
  }

  #release(): void {
    this.#held = EMPTY;
    this.#heldBytes = 0;
  }

  /** Appends to a buffer that doubles, so that a hello dripping in byte by byte costs linear time. */
  #append(chunk: Buffer): void {
    const need = this.#heldBytes + chunk.length;
    if (this.#held.length < need) {
      const grown = Buffer.allocUnsafe(need * 2);
      this.#held.copy(grown, 0, 0, this.#heldBytes);
      this.#held = grown;
    }
    chunk.copy(this.#held, this.#heldBytes);
    this.#heldBytes = need;
  }
}

function refuse(reason: ReasonCode, detail: string): Refusal {
  return { kind: 'refuse', reason, detail };
}
