import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';

/** Not a power of two, so that a byte's place in the block never lines up with anybody's buffer size. */
const blockBytes = 1_000_003;
const blocks = new Map<number, Buffer>();
const sums = new Map<string, string>();

/** `count` bytes that look random and are the same every time, cheap enough to ask for a gigabyte. */
export interface KnownBytes {
  readonly count: number;
  /** SHA-256 of the whole, hex. Computed on first use, once a process. */
  readonly sha256: string;
  /** The bytes in order, in pieces of at most a megabyte. The pieces share memory: do not write to them. */
  pieces(): Generator<Buffer, void, undefined>;
  /** The bytes as a stream that honours back-pressure. */
  stream(): Readable;
}

/** Known bytes of the given length. Another seed gives other bytes. */
export function knownBytes(count: number, seed = 1): KnownBytes {
  function* pieces(): Generator<Buffer, void, undefined> {
    const block = blockOf(seed);
    for (let sent = 0; sent < count; sent += blockBytes) {
      yield count - sent < blockBytes ? block.subarray(0, count - sent) : block;
    }
  }
  return {
    count,
    get sha256() {
      const key = `${seed}:${count}`;
      const known = sums.get(key) ?? hashOf(pieces());
      sums.set(key, known);
      return known;
    },
    pieces,
    stream: () => Readable.from(pieces(), { objectMode: false, highWaterMark: blockBytes }),
  };
}

/** SHA-256 of one buffer, hex. */
export function sha256(bytes: Uint8Array): string {
  return hashOf([bytes]);
}

function hashOf(pieces: Iterable<Uint8Array>): string {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}

function blockOf(seed: number): Buffer {
  const known = blocks.get(seed) ?? makeBlock(seed);
  blocks.set(seed, known);
  return known;
}

/** Marsaglia's xorshift32. */
function makeBlock(seed: number): Buffer {
  const block = Buffer.allocUnsafe(blockBytes);
  let state = (seed ^ 0x9e3779b9) | 1;
  for (let at = 0; at < blockBytes; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    block[at] = state >>> 24;
  }
  return block;
}
