import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { PaudeError } from '@paude/errors';
import { commandLineError } from '../command-line-error.ts';
import type { Io } from '../io.ts';
import { findSession } from './find-session.ts';
import type { Sessions } from './sessions.ts';

interface CopyRequest {
  /** `NAME:PATH` for what is in a session. */
  readonly from: string;
  readonly to: string;
  readonly backend?: string;
}

/** A place in a session, `NAME:PATH`; undefined for one here. */
function placeInSession(text: string): { readonly name: string; readonly path: string } | undefined {
  const [, name, path] = /^([a-z][a-z0-9-]*):(.*)$/s.exec(text) ?? [];
  return name === undefined || path === undefined ? undefined : { name, path: path === '' ? '.' : path };
}

/** Copies in or out. @throws PaudeError `command-line-invalid`, `copy-failed`, `copy-refused`. */
export async function copyFiles(
  { from, to, backend: only }: CopyRequest,
  { sessions, io }: { readonly sessions: Sessions; readonly io: Io },
): Promise<void> {
  const [source, target] = [placeInSession(from), placeInSession(to)];
  const place = source ?? target;
  if (place === undefined || (source !== undefined && target !== undefined)) {
    throw commandLineError({
      action: 'copy',
      input: from,
      why: 'one of the two, and not both, is to be in a session',
      remedy: 'Write it as in paude cp notes.txt my-project:',
    });
  }
  const choice = { name: place.name, backend: only };
  const { backend, name } = await findSession(sessions, choice, { action: 'copy', io });
  if (target !== undefined) {
    const path = resolve(io.cwd(), from);
    const tar = spawn('tar', ['-c', '-f', '-', '-C', dirname(path), '--', basename(path)], {
      env: io.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = endOf(tar, from);
    // Read from the start: what a process has written is thrown away at its end where nobody reads it yet.
    const archive = tar.stdout.pipe(new PassThrough());
    await Promise.all([backend.copyIn(name, target.path, archive), ended]);
    return;
  }
  await unpack(await backend.copyOut(name, place.path), {
    directory: resolve(io.cwd(), to),
    input: from,
    io,
  });
}

/**
 * Unpacks what a session sent, where nothing is yet, and moves the one thing that was asked for to where it is wanted: the
 * archive is the session's word, and may hold other names, links and paths than asked for.
 */
async function unpack(
  archive: Readable,
  { directory, input, io }: { readonly directory: string; readonly input: string; readonly io: Io },
): Promise<void> {
  const isDirectory = await stat(directory).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isDirectory) {
    throw new PaudeError('copy-failed', {
      action: 'copy',
      input,
      why: `${directory} is no directory`,
      remedy: 'Make it first, or name one that is there',
    });
  }
  const aside = await mkdtemp(join(directory, '.paude-copy-'));
  try {
    const [file, content] = [join(aside, 'archive.tar'), join(aside, 'content')];
    // Wholly here first: tar may end before its input does.
    await pipeline(archive, createWriteStream(file, { flags: 'wx' }));
    await mkdir(content);
    const args = ['-x', '-f', file, '--no-same-owner', '--no-same-permissions', '-C', content];
    await endOf(spawn('tar', args, { env: io.env, stdio: ['ignore', 'ignore', 'pipe'] }), input);
    const [found, ...more] = await readdir(content);
    if (found === undefined || more.length > 0)
      throw refused(input, 'what the session sent is not the one thing that was asked for');
    const place = join(directory, found);
    const isThere = await stat(place).then(
      () => true,
      () => false,
    );
    if (isThere) throw refused(input, `${place} is there already`);
    await rename(join(content, found), place);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

function refused(input: string, why: string): PaudeError {
  return new PaudeError('copy-refused', {
    action: 'copy',
    input,
    why,
    remedy: 'Copy into a directory that is empty, and look at what it is',
  });
}

async function endOf(tar: ReturnType<typeof spawn>, input: string): Promise<void> {
  let said = '';
  tar.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-500);
  });
  const [code] = await once(tar, 'close');
  if (code === 0) return;
  throw new PaudeError('copy-failed', {
    action: 'copy',
    input,
    why: `tar ended with ${code} (${said.trim().split('\n').at(-1) ?? ''})`,
    remedy: 'Check the path',
  });
}
