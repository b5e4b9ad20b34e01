import { setTimeout as sleep } from 'node:timers/promises';
import { type ListenOptions, type TcpOrigin, tcpOrigin } from './tcp-origin.ts';

/** Resets each connection (RST, not FIN): on accept, or once `afterBytes` bytes came, having sent `before`. */
export function resettingOrigin(
  options: ListenOptions & { afterBytes?: number; before?: string } = {},
): Promise<TcpOrigin> {
  const { afterBytes = 0, before } = options;
  return tcpOrigin((socket, record) => {
    const reset = () => {
      if (before === undefined) socket.resetAndDestroy();
      else socket.write(before, () => setImmediate(() => socket.resetAndDestroy()));
    };
    if (afterBytes === 0) reset();
    else {
      const count = () => {
        if (record.byteCount < afterBytes) return;
        socket.off('data', count);
        reset();
      };
      socket.on('data', count);
    }
  }, options);
}

/** Accepts and reads, and never says a word; closes only after the peer. */
export function silentOrigin(options: ListenOptions = {}): Promise<TcpOrigin> {
  return tcpOrigin((socket) => socket.on('end', () => socket.end()), options);
}

/** Accepts and never reads: whoever writes to it finds the window full. */
export function unreadingOrigin(options: ListenOptions = {}): Promise<TcpOrigin> {
  return tcpOrigin((socket) => socket.pause(), { ...options, maxRecordedBytes: 0 });
}

/** Sends `bytes` a few at a time with a pause between, then its FIN. */
export function drippingOrigin(
  bytes: string | Uint8Array,
  options: ListenOptions & { pieceBytes?: number; intervalMs?: number } = {},
): Promise<TcpOrigin> {
  const { pieceBytes = 1, intervalMs = 20 } = options;
  const all = Buffer.from(bytes);
  return tcpOrigin((socket) => {
    const drip = async () => {
      for (let at = 0; at < all.length && socket.writable; at += pieceBytes) {
        socket.write(all.subarray(at, at + pieceBytes));
        await sleep(intervalMs);
      }
      socket.end();
    };
    void drip();
  }, options);
}
