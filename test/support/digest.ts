import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';

/** How much a stream carried, and what. */
export interface Digest {
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

/** Reads a stream to its end, keeping nothing but its length and its SHA-256. Rejects when the stream fails. */
export async function digestOf(stream: Readable): Promise<Digest> {
  const hash = createHash('sha256');
  let bytes = 0;
  const ended = Promise.withResolvers<void>();
  stream.on('data', (piece: Buffer) => {
    bytes += piece.length;
    hash.update(piece);
  });
  stream.once('end', ended.resolve).once('error', ended.reject);
  stream.once('close', () =>
    ended.reject(new Error(`The stream closed after ${bytes} bytes, before its end`)),
  );
  stream.resume();
  await ended.promise;
  return { bytes, sha256: hash.digest('hex') };
}
