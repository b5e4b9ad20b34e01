import type { StreamEvent } from './stream-events.ts';

/**
 * What tunnels need of a connection. Every `stream.Duplex` is one; `HandleStream` is one that costs less.
 *
 * @see https://nodejs.org/api/stream.html#duplex-and-transform-streams
 */
export interface ByteStream {
  readonly destroyed: boolean;
  /** Whether the other side has sent its last byte, and all before it have been read. */
  readonly readableEnded: boolean;
  /** Bytes that were written and that the kernel has not taken. */
  readonly writableLength: number;
  /** 1 where `writableLength` tells, right after a write, whether the kernel has taken all. */
  readonly writableHighWaterMark: number;
  /** Answers false when `drain` will follow. */
  write(bytes: Buffer | string): boolean;
  /** Writes the last bytes, and then the end. */
  end(): unknown;
  end(bytes: Buffer | string): unknown;
  /** Closes it at once; what is still to be written is dropped. */
  destroy(error?: Error): unknown;
  /** Closes it so that the other side sees it broken off. Where it is missing or throws, `destroy` has to do. */
  resetAndDestroy?(): unknown;
  pause(): unknown;
  resume(): unknown;
  on(event: StreamEvent, listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  once(event: StreamEvent, listener: () => void): unknown;
  off(event: StreamEvent, listener: () => void): unknown;
  off(event: 'error', listener: (error: Error) => void): unknown;
}

/** Takes what a socket reads. The socket reads to `nextBuffer()`; what it read is the first `length` bytes of it. */
export interface ReadSink {
  nextBuffer(): Buffer;
  /** Answers false when reading must stop; whoever took the bytes then resumes the socket. */
  onBytes(length: number, buffer: Buffer): boolean;
}
