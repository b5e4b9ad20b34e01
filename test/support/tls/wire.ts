/** One byte, or two or three in network order. */
export function uint(value: number, bytes: 1 | 2 | 3): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value & (2 ** (bytes * 8) - 1), 0, bytes);
  return buffer;
}

/** A TLS vector: its length in `lengthBytes` bytes, then its content. `wrongBy` falsifies the length. */
export function vector(
  lengthBytes: 1 | 2 | 3,
  parts: Uint8Array | readonly Uint8Array[],
  wrongBy = 0,
): Buffer {
  const content = parts instanceof Uint8Array ? Buffer.from(parts) : Buffer.concat(parts);
  return Buffer.concat([uint(content.length + wrongBy, lengthBytes), content]);
}

/** `bytes` cut into pieces of these sizes; the last size repeats until all is used up. */
export function cut(bytes: Buffer, ...sizes: readonly [number, ...number[]]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = Math.max(1, sizes[Math.min(turn, sizes.length - 1)] ?? 1);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}
