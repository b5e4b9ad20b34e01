import { giveBulkBuffer, SHARED_BYTES, sharedBuffer, takeBulkBuffer } from './buffers.ts';
import type { ByteStream, ReadSink } from './byte-stream.ts';

/** Consecutive reads that fill the shared buffer before a direction counts as bulk. */
const BULK_AFTER_READS = 2;
/** A bulk direction whose reads get this small goes back to the shared buffer. */
const LIGHT_BELOW_BYTES = 4096;

/**
 * Moves bytes one way, from a source to a sink, and stops the source while the sink has not taken all.
 *
 * Light traffic is read to a buffer that all sockets share and is copied out of it; bulk is read to a buffer of its own
 * and written from there without a copy. A buffer is read into again only when its last chunk has wholly gone to the
 * kernel (`writableLength` is 0), so a slow reader holds one chunk, never more.
 */
export class Pump implements ReadSink {
  #source: ByteStream | undefined;
  readonly #sink: ByteStream;
  /** Whether `writableLength` of the sink tells, after each write, if the kernel has taken all. */
  readonly #exact: boolean;
  #buffer = sharedBuffer;
  #fullReads = 0;
  #blocked = false;
  /** Bytes taken from the source so far. */
  bytes = 0;

  constructor(sink: ByteStream) {
    this.#sink = sink;
    this.#exact = sink.writableHighWaterMark === 1;
  }

  /** Names the source, which from then on is resumed when the sink has room again. */
  start(source: ByteStream): void {
    this.#source = source;
    this.#sink.on('drain', () => this.#onDrain());
  }

  /** True while the sink has not taken all. */
  get blocked(): boolean {
    return this.#blocked;
  }

  nextBuffer(): Buffer {
    return this.#buffer;
  }

  onBytes(length: number, buffer: Buffer): boolean {
    this.bytes += length;
    if (buffer === sharedBuffer) {
      this.#write(Buffer.from(buffer.subarray(0, length)));
      if (length < SHARED_BYTES) this.#fullReads = 0;
      else if (this.#exact && ++this.#fullReads >= BULK_AFTER_READS)
        this.#buffer = takeBulkBuffer() ?? sharedBuffer;
    } else {
      this.#write(length === buffer.length ? buffer : buffer.subarray(0, length));
      if (length < LIGHT_BELOW_BYTES && buffer === this.#buffer && !this.#blocked) this.release();
    }
    return !this.#blocked;
  }

  /** Writes bytes that the pump may keep: they are no buffer that a socket reads to. */
  write(bytes: Buffer): boolean {
    this.bytes += bytes.length;
    this.#write(bytes);
    return !this.#blocked;
  }

  /** Gives the bulk buffer back. To be called once more when the tunnel closes. */
  release(): void {
    if (this.#buffer === sharedBuffer) return;
    giveBulkBuffer(this.#buffer, this.#sink.writableLength === 0);
    this.#buffer = sharedBuffer;
    this.#fullReads = 0;
  }

  #write(bytes: Buffer): void {
    const taken = this.#sink.write(bytes);
    if (!taken && this.#sink.writableLength > 0) this.#blocked = true;
  }

  #onDrain(): void {
    if (!this.#blocked || this.#sink.writableLength > 0) return;
    this.#blocked = false;
    this.#source?.resume();
  }
}
