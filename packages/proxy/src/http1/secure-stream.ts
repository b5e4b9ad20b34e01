/** Whom a connection over TLS tells what happens to it. */
export interface SecureListener {
  /** The bytes are lent: whoever keeps them copies them. They may come for a while after a pause. */
  onBytes(bytes: Buffer): void;
  /** The other side sends no more. */
  onEnd(): void;
  /** After a write that answered false: more can be written. */
  onDrain(): void;
  /** The last that is told. */
  onClose(error: NodeJS.ErrnoException | undefined): void;
}

/** A connection over TLS after its handshake. */
export interface SecureStream {
  readonly destroyed: boolean;
  /** Says who listens from now on, and lets bytes come. */
  listen(listener: SecureListener): void;
  pause(): void;
  resume(): void;
  /** Takes the bytes before it returns. Answers false when enough waits to be sent; `onDrain` follows. */
  write(bytes: Buffer): boolean;
  /** Ends our direction when all is written. */
  end(): void;
  destroy(): void;
}

/** More that waits to be sent is enough. */
export const ENOUGH_WAITING_BYTES = 131_072;
