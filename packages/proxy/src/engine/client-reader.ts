import { sharedBuffer } from '../relay/buffers.ts';
import type { ByteStream, ReadSink } from '../relay/byte-stream.ts';
import type { Pump } from '../relay/pump.ts';
import type { GateVerdict, HelloGate } from '../tls/hello-gate.ts';

/** Who is told what the gate saw. */
export interface GateListener {
  /** A ClientHello was read, before it goes on; its server name also when it is refused. */
  onHello(sni: string | undefined): void;
  /** Answers true to let the bytes pass all the same (report-only). */
  onRefused(verdict: Extract<GateVerdict, { kind: 'refuse' }>): boolean;
}

/** How much a client may send before its tunnel is open; then it has to wait. */
const MAX_EARLY_BYTES = 64 * 1024;

/**
 * The client's side of a tunnel to be. It keeps what comes early, then leads it through the gate, and at last gets out of
 * the way: bytes go straight to the pump.
 */
export class ClientReader implements ReadSink {
  #early: Buffer[] = [];
  #earlyBytes = 0;
  #discarding = false;
  #pump: Pump | undefined;
  #gate: HelloGate | undefined;
  #listener: GateListener | undefined;
  #helloTold = false;

  nextBuffer(): Buffer {
    return this.#pump !== undefined && this.#gate === undefined ? this.#pump.nextBuffer() : sharedBuffer;
  }

  onBytes(length: number, buffer: Buffer): boolean {
    if (this.#pump !== undefined && this.#gate === undefined) return this.#pump.onBytes(length, buffer);
    const view = buffer.subarray(0, length);
    return this.take(buffer === sharedBuffer ? Buffer.from(view) : view);
  }

  /** Takes bytes that may be kept. Answers false when the client has to wait. */
  take(bytes: Buffer): boolean {
    if (this.#discarding) return true;
    if (this.#pump === undefined) {
      this.#early.push(bytes);
      this.#earlyBytes += bytes.length;
      return this.#earlyBytes < MAX_EARLY_BYTES;
    }
    if (this.#gate === undefined) return this.#pump.write(bytes);
    const verdict = this.#gate.push(bytes);
    if (!this.#helloTold && this.#gate.helloRead) {
      this.#helloTold = true;
      this.#listener?.onHello(this.#gate.sni);
    }
    if (verdict.kind === 'refuse') {
      this.#gate = undefined;
      if (this.#listener?.onRefused(verdict) === true) return this.#pump.write(verdict.bytes);
      // Whoever refused may want to see the rest of it gone.
      return this.#discarding;
    }
    if (verdict.done) this.#gate = undefined;
    return verdict.bytes.length === 0 || this.#pump.write(verdict.bytes);
  }

  /**
   * Opens the way.
   *
   * @param gate What must pass first; undefined when nothing needs to.
   */
  open(client: ByteStream, pump: Pump, gate: HelloGate | undefined, listener?: GateListener): void {
    this.#pump = pump;
    this.#gate = gate;
    this.#listener = listener;
    const early = this.#early;
    const waited = this.#earlyBytes >= MAX_EARLY_BYTES;
    this.#early = [];
    let more = true;
    for (const bytes of early) more = this.take(bytes);
    if (waited && more) client.resume();
    else if (!more) client.pause();
  }

  /** From now on throws away what comes: the request was refused. */
  discard(): void {
    this.#discarding = true;
    this.#pump = undefined;
    this.#early = [];
  }

  /** Since when (`performance.now()`) a ClientHello is due; undefined when none is. */
  get helloPendingSinceMs(): number | undefined {
    return this.#gate?.pendingSinceMs;
  }
}
