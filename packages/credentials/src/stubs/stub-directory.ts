import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { PaudeError } from '@paude/errors';
import { z } from 'zod';
import { parseJson } from '../json.ts';

/** A file to be written. */
export interface StubFile {
  /** A plain name, without directories. */
  readonly name: string;
  readonly mode: 0o600 | 0o644;
  readonly content: string | Uint8Array;
}

/** Remembers which files of a directory are ours, so that a person's own file of the same name is never replaced. */
const RECORD = '.paude-stubs.json';
const recordSchema = z.object({ version: z.literal(1), files: z.array(z.string()) });
const MAX_RECORD_BYTES = 65_536;

/**
 * Replaces files of ours in a directory, each whole. The directory is made for this user alone when it is missing. What a
 * session that can write there has put in the way is not followed: no link, neither in place of a file nor of the directory.
 *
 * @throws PaudeError `stubs-unwritable`; `stubs-foreign-file` before anything is written, when one of the files is there
 * and not ours.
 */
export async function writeStubFiles(path: string, files: readonly StubFile[]): Promise<void> {
  const directory = resolve(path);
  let handle: FileHandle | undefined;
  try {
    const isNew = await makeDirectory(directory);
    handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    if (isNew) await handle.chmod(0o700);
    else await refuseSharedDirectory(handle, directory);
    const base = await pinnedPath(handle, directory);
    const ours = await readRecord(base);
    for (const { name } of files) {
      if (!ours.has(name) && (await isThere(`${base}/${name}`))) throw foreignFile(directory, name);
    }
    const names = [...new Set([...ours, ...files.map(({ name }) => name)])].sort();
    // First the record: whoever is interrupted behind it can run this again.
    const record = `${JSON.stringify({ version: 1, files: names })}\n`;
    await replaceFile(base, { name: RECORD, mode: 0o644, content: record });
    for (const file of files) await replaceFile(base, file);
  } catch (error) {
    if (error instanceof PaudeError) throw error;
    throw unwritable(directory, error as NodeJS.ErrnoException);
  } finally {
    await handle?.close();
  }
}

/**
 * Makes a directory, and those above it that are missing, for this user alone. Node's own way of making several never ends
 * where the system refuses with ENOENT, as in /proc.
 *
 * @returns false when it is there already.
 */
async function makeDirectory(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: 0o700 });
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (code !== 'ENOENT' || !(await makeDirectory(dirname(path)))) throw error;
    await mkdir(path, { mode: 0o700 });
    return true;
  }
}

/** Who can write to a directory of ours can give the session another authority to trust. */
async function refuseSharedDirectory(handle: FileHandle, directory: string): Promise<void> {
  const { mode } = await handle.stat();
  if ((mode & 0o022) === 0) return;
  throw failure(directory, 'others can write to it', `Run chmod go-w on it, or name a directory inside it`);
}

/** A path that leads to the opened directory even if another has taken its name since; where the system has none, its name. */
async function pinnedPath(handle: FileHandle, directory: string): Promise<string> {
  const pinned = `/proc/self/fd/${handle.fd}`;
  const [own, found] = await Promise.all([handle.stat(), stat(pinned).catch(() => undefined)]);
  return found?.dev === own.dev && found.ino === own.ino ? pinned : directory;
}

async function readRecord(base: string): Promise<ReadonlySet<string>> {
  let handle: FileHandle;
  try {
    handle = await open(
      `${base}/${RECORD}`,
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
  } catch (error) {
    // A link in its place, too, means that there is no record of ours.
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ELOOP') return new Set();
    throw error;
  }
  try {
    const facts = await handle.stat();
    if (!facts.isFile() || facts.size > MAX_RECORD_BYTES) return new Set();
    return new Set(recordSchema.safeParse(parseJson(await handle.readFile('utf8'))).data?.files);
  } finally {
    await handle.close();
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

async function replaceFile(base: string, { name, mode, content }: StubFile): Promise<void> {
  const temporary = `${base}/.${name}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.writeFile(content);
      await file.chmod(mode);
    } finally {
      await file.close();
    }
    await rename(temporary, `${base}/${name}`);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

function foreignFile(directory: string, name: string): PaudeError {
  return new PaudeError('stubs-foreign-file', {
    action: 'write stubs into',
    input: directory,
    why: `the file ${name} is there and was not written by this command`,
    remedy: 'Name another directory, or remove the file',
  });
}

function unwritable(directory: string, error: NodeJS.ErrnoException): PaudeError {
  const another = 'Name a directory that this user can write to';
  switch (error.code) {
    case 'ENOTDIR':
    case 'ELOOP':
    case 'EEXIST':
      return failure(directory, 'it is a link or no directory', 'Name the directory itself', error);
    case 'EISDIR':
    case 'ENOTEMPTY':
      return failure(directory, 'a directory stands in the place of a file', 'Remove it', error);
    default:
      return failure(directory, `writing there failed (${error.code ?? error.message})`, another, error);
  }
}

function failure(directory: string, why: string, remedy: string, cause?: unknown): PaudeError {
  return new PaudeError('stubs-unwritable', {
    action: 'write stubs into',
    input: directory,
    why,
    remedy,
    cause,
  });
}
