import type { Host } from '@paude/allowlist';
import type { ByteStream } from '../relay/byte-stream.ts';
import type { Pump } from '../relay/pump.ts';
import type { CloseFacts, CloseReason, RequestRecord } from '../report/audit.ts';
import type { ReasonCode } from '../report/reasons.ts';
import type { ClientReader } from './client-reader.ts';
import type { EngineContext } from './context.ts';
import type { Open } from './tunnels.ts';

/** What a tunnel connects. */
export interface TunnelEnds {
  readonly client: ByteStream;
  readonly target: ByteStream;
  /** Moves bytes from client to target; the reader feeds it once its gate is open. */
  readonly up: Pump;
  /** Moves bytes from target to client. */
  readonly down: Pump;
  readonly reader: ClientReader;
}

/** What the close event says besides the bytes. */
export interface TunnelFacts {
  readonly target: { readonly host: Host; readonly port: number };
  readonly rule: string | undefined;
  readonly address: string;
  /** What the client was answered. */
  readonly status: 200 | 101;
}

/** An open tunnel: two streams, closed together, each half on its own, with one audit event at the end. */
export class Tunnel implements Open {
  readonly #context: EngineContext;
  readonly #request: RequestRecord;
  readonly #ends: TunnelEnds;
  readonly #facts: TunnelFacts;
  #reason: CloseFacts['reason'] | undefined;
  #detail: string | undefined;
  #clientEnded = false;
  #targetEnded = false;
  #refused = false;
  #closed = 0;
  sni: string | undefined;

  constructor(context: EngineContext, request: RequestRecord, ends: TunnelEnds, facts: TunnelFacts) {
    this.#context = context;
    this.#request = request;
    this.#ends = ends;
    this.#facts = facts;
  }

  get host(): Host {
    return this.#facts.target.host;
  }

  get port(): number {
    return this.#facts.target.port;
  }

  get address(): string {
    return this.#facts.address;
  }

  get bytesMoved(): number {
    return this.#ends.up.bytes + this.#ends.down.bytes;
  }

  helloOverdue(nowMs: number): boolean {
    const sinceMs = this.#ends.reader.helloPendingSinceMs;
    return sinceMs !== undefined && nowMs - sinceMs > this.#context.timeouts.handshakeMs;
  }

  /** Joins the two streams. The target's sink is already in place; the client's reader is opened by the caller. */
  start(): void {
    const { client, target } = this.#ends;
    this.#context.tunnels.add(this);
    client.on('end', () => this.#onClientEnd());
    target.on('end', () => this.#onTargetEnd());
    client.on('error', (error) => this.#onError(error, 'client-reset', target));
    target.on('error', (error) => this.#onError(error, 'connection-reset', client));
    client.on('close', () => this.#onClose(target));
    target.on('close', () => this.#onClose(client));
  }

  /** To be called once the reader is open: a client may have said its last word before. */
  opened(): void {
    if (this.#ends.client.readableEnded) this.#onClientEnd();
  }

  /** Notes why the tunnel will close; the first reason stays. */
  explain(reason: CloseFacts['reason'], detail?: string): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#detail = detail;
  }

  cut(reason: ReasonCode | CloseReason, detail?: string): void {
    this.explain(reason, detail);
    reset(this.#ends.client);
    reset(this.#ends.target);
  }

  /** Refuses what the client sent through the tunnel; `lastWords` go to the client before it is closed. */
  refuse(reason: ReasonCode, detail: string, lastWords: Buffer): void {
    this.explain(reason, detail);
    this.#refused = true;
    this.#ends.client.end(lastWords);
    this.#context.linger.add(this.#ends.client, this.#ends.reader);
    this.#ends.target.destroy();
  }

  #onClientEnd(): void {
    if (this.#clientEnded) return;
    this.#clientEnded = true;
    if (this.#ends.reader.helloPendingSinceMs !== undefined)
      return this.cut('client-closed', 'before a whole ClientHello');
    this.explain('client-closed');
    if (this.#targetEnded) this.#finish(this.#ends.target);
    else this.#ends.target.end();
  }

  #onTargetEnd(): void {
    this.#targetEnded = true;
    this.explain('target-closed');
    if (this.#clientEnded) this.#finish(this.#ends.client);
    else this.#ends.client.end();
  }

  /** Both sides have sent all: what is left to write is flushed, then the sockets close. */
  #finish(last: ByteStream): void {
    const { client, target } = this.#ends;
    if (client.writableLength === 0 && target.writableLength === 0) {
      client.destroy();
      target.destroy();
    } else {
      last.end();
    }
  }

  /** A reset goes on as a reset: an orderly end would look like a whole message that was in truth cut short. */
  #onError(error: Error, reason: CloseReason, other: ByteStream): void {
    this.explain(reason, (error as NodeJS.ErrnoException).code);
    reset(other);
  }

  #onClose(other: ByteStream): void {
    // A stream that closed without both ends (a cut, a destroyed wrapper) takes the other along.
    if (!this.#refused && !(this.#clientEnded && this.#targetEnded)) other.destroy();
    if (++this.#closed === 2) this.#finalize();
  }

  #finalize(): void {
    const { up, down } = this.#ends;
    const { counters, tunnels, audit } = this.#context;
    up.release();
    down.release();
    counters.bytesUp += up.bytes;
    counters.bytesDown += down.bytes;
    const reason = this.#reason ?? 'client-closed';
    const denied = isDenial(reason);
    if (denied) counters.refuse(reason as ReasonCode);
    audit.close(this.#request, {
      decision: denied ? 'deny' : 'allow',
      reason,
      rule: this.#facts.rule,
      address: this.#facts.address,
      sni: this.sni,
      status: this.#facts.status,
      bytesUp: up.bytes,
      bytesDown: down.bytes,
      detail: this.#detail,
    });
    tunnels.delete(this);
  }
}

/** Ends a stream so that the peer sees it as broken off, not as ended. */
function reset(stream: ByteStream): void {
  try {
    if (!stream.destroyed) stream.resetAndDestroy?.();
  } catch {
    // A socket of `net` on something else than TCP: there is no reset there.
  }
  stream.destroy();
}

const DENIALS = new Set<CloseFacts['reason']>([
  'sni-missing',
  'sni-mismatch',
  'ech',
  'not-tls',
  'client-hello-malformed',
  'client-hello-too-large',
  'client-hello-timeout',
  'policy-changed',
]);

function isDenial(reason: CloseFacts['reason']): boolean {
  return DENIALS.has(reason);
}
