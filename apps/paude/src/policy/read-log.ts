import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { PaudeError } from '@paude/errors';
import { type Usage, UsageCollector, UsageReader } from '@paude/policy';
import type { Io } from '../io.ts';
import { ProgressBar } from './progress-bar.ts';

const CHUNK_BYTES = 256 * 1024;

/**
 * Reads an audit log as a stream, with as much memory as it has different targets; `-` is standard input, and what ends in
 * `.gz` is unpacked on the way. Says how far it is, on a terminal.
 *
 * @throws PaudeError `log-unreadable`.
 */
export async function readLog(path: string, io: Pick<Io, 'stdin' | 'stderr'>): Promise<Usage> {
  const collector = new UsageCollector();
  const reader = new UsageReader(collector);
  try {
    await readChunks(path, io, (chunk) => reader.push(chunk));
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw logError(path, WHY[code] ?? `it cannot be read (${code})`, error);
  }
  reader.end();
  const usage = collector.usage();
  if (usage.lines === 0) {
    const why =
      usage.unreadable === 0
        ? 'it is empty'
        : `none of its ${usage.unreadable} lines is of the audit log of a proxy`;
    throw logError(path, why);
  }
  return usage;
}

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'this user may not read it',
  Z_DATA_ERROR: 'it is not in the form of gzip',
  Z_BUF_ERROR: 'its end is missing',
};

async function readChunks(
  path: string,
  io: Pick<Io, 'stdin' | 'stderr'>,
  onChunk: (chunk: Uint8Array) => void,
): Promise<void> {
  const total = path === '-' ? undefined : (await stat(path)).size;
  const file: AsyncIterable<Buffer> =
    path === '-' ? io.stdin : createReadStream(path, { highWaterMark: CHUNK_BYTES });
  const bar = new ProgressBar(io.stderr, { label: `Reading ${path}`, total });
  // What is counted is what is read of the file, packed or not.
  async function* counted() {
    for await (const chunk of file) {
      bar.advance(chunk.length);
      yield chunk;
    }
  }
  const sink = async (chunks: AsyncIterable<Uint8Array>) => {
    for await (const chunk of chunks) onChunk(chunk);
  };
  try {
    if (path.endsWith('.gz')) await pipeline(counted, createGunzip({ chunkSize: CHUNK_BYTES }), sink);
    else await pipeline(counted, sink);
  } finally {
    bar.end();
  }
}

function logError(input: string, why: string, cause?: unknown): PaudeError {
  return new PaudeError('log-unreadable', {
    action: 'read the audit log',
    input,
    why,
    remedy: 'Name the file that --log of the proxy writes',
    cause,
  });
}
