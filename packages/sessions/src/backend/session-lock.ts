import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { PaudeError } from '@paude/errors';

const TRIES = 3;

/**
 * Lets one operation at a time change a session, on this machine. The lock is a socket that its holder listens on, so that
 * one whose process was killed is known by nobody answering.
 *
 * @throws PaudeError `session-busy`, `lock-failed`.
 */
export async function lockSession(directory: string, name: string): Promise<AsyncDisposable> {
  // Short: a socket's path has room for about a hundred bytes.
  const path = join(directory, `${createHash('sha256').update(name).digest('hex').slice(0, 12)}.lock`);
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    for (let tries = 0; tries < TRIES; tries++) {
      const server = await listen(path);
      if (server !== undefined) return { [Symbol.asyncDispose]: () => close(server) };
      if (await isAnswered(path)) break;
      await rm(path, { force: true });
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new PaudeError('lock-failed', {
      action: 'lock the session',
      input: name,
      why: `the socket ${path} cannot be made (${code})`,
      remedy: 'See that its directory can be written to, and that its path is short',
      cause: error,
    });
  }
  throw new PaudeError('session-busy', {
    action: 'change the session',
    input: name,
    why: 'another paude is at work on it',
    remedy: 'Wait until that has ended',
  });
}

/** Undefined when something is there already. */
function listen(path: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(path, () => {
      server.unref();
      resolve(server);
    });
  });
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
