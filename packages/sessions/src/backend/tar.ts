/** A file for an archive; directories above it are made by whoever unpacks. */
export interface TarEntry {
  /** Relative, at most 100 bytes. */
  readonly path: string;
  readonly mode: number;
  readonly content: Uint8Array;
}

const BLOCK = 512;

/** Plain files as a tar archive (POSIX.1-1988 ustar), owned by whoever unpacks it. */
export function tarOf(entries: readonly TarEntry[]): Buffer {
  const blocks: Uint8Array[] = [];
  for (const { path, mode, content } of entries) {
    blocks.push(header(path, mode, content.length), content, Buffer.alloc(padding(content.length)));
  }
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

/** The content of the first plain file in an archive; undefined when there is none. */
export function firstFileOf(archive: Buffer): Buffer | undefined {
  for (let at = 0; at + BLOCK <= archive.length; ) {
    const size = Number.parseInt(text(archive, at + 124, 12), 8) || 0;
    const type = text(archive, at + 156, 1);
    if (type === '0' || type === '') {
      const name = text(archive, at, 100);
      return name === '' ? undefined : archive.subarray(at + BLOCK, at + BLOCK + size);
    }
    at += BLOCK + size + padding(size);
  }
  return undefined;
}

function header(path: string, mode: number, size: number): Buffer {
  if (Buffer.byteLength(path) > 100) throw new RangeError(`The path is too long for the archive: ${path}`);
  const block = Buffer.alloc(BLOCK);
  block.write(path, 0);
  block.write(octal(mode, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(Math.floor(Date.now() / 1000), 11), 136);
  block.write('        ', 148);
  block.write('0', 156);
  block.write('ustar\u000000', 257, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148, 'latin1');
  return block;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

function text(archive: Buffer, at: number, length: number): string {
  return archive.toString('latin1', at, at + length).replace(/[\0 ].*$/s, '');
}
