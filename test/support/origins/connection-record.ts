import type { Socket } from 'node:net';

/** What one connection to an origin has carried so far. */
export interface ConnectionRecord {
  readonly socket: Socket;
  /** The bytes received, exactly, up to the origin's limit. */
  readonly received: Buffer;
  /** All bytes received, whether kept or not. */
  readonly byteCount: number;
  /** Whether the peer has sent its FIN. */
  readonly sawFin: boolean;
  /** The socket's error code, such as ECONNRESET, if it failed. */
  readonly errorCode: string | undefined;
  /** Settles when the peer has sent its FIN or the connection is gone. */
  readonly finished: Promise<void>;
  /** Settles when the connection is gone in both directions. Never rejects. */
  readonly closed: Promise<void>;
}

/** Starts recording a socket. With a limit of 0 nothing is read, so that a handler can choose not to. */
export function recordConnection(socket: Socket, maxRecordedBytes = 1_048_576): ConnectionRecord {
  const pieces: Buffer[] = [];
  let kept = 0;
  let byteCount = 0;
  let sawFin = false;
  let errorCode: string | undefined;
  const finished = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  if (maxRecordedBytes > 0) {
    socket.on('data', (piece: Buffer) => {
      byteCount += piece.length;
      if (kept >= maxRecordedBytes) return;
      pieces.push(piece.subarray(0, maxRecordedBytes - kept));
      kept += piece.length;
    });
  }
  socket.on('end', () => {
    sawFin = true;
    finished.resolve();
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    errorCode = error.code ?? error.message;
  });
  socket.on('close', () => {
    finished.resolve();
    closed.resolve();
  });
  return {
    socket,
    get received() {
      return Buffer.concat(pieces);
    },
    get byteCount() {
      return byteCount;
    },
    get sawFin() {
      return sawFin;
    },
    get errorCode() {
      return errorCode;
    },
    finished: finished.promise,
    closed: closed.promise,
  };
}
