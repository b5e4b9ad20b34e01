import type { Readable } from 'node:stream';
import { PaudeError } from '@paude/errors';
import { parseSessionName, WORKSPACE } from '@paude/sessions';
import type { Io } from '../io.ts';
import { type FoundSession, findSession } from '../session/find-session.ts';
import { openLazily } from '../session/open-lazily.ts';
import type { OpenSessions } from '../session/sessions.ts';

/** What git may ask to be connected to; nothing else is run in the session. */
const SERVICES = ['git-upload-pack', 'git-receive-pack'];

/** Longer than any line that git sends here. */
const MAX_LINE_BYTES = 1024;

/**
 * A remote helper of git (gitremote-helpers(7)) with the capability `connect`: git's own protocol, over a command in the
 * session's container.
 *
 * @param url What stands behind `paude::`: the session's name.
 * @returns the exit code.
 */
export async function remoteHelper(url: string, io: Io, open: OpenSessions = openLazily): Promise<number> {
  const name = parseSessionName(url.replace(/^\/\//, ''));
  for (;;) {
    const line = await readLine(io.stdin);
    if (line === undefined || line === '') return 0;
    if (line === 'capabilities') {
      io.stdout.write('connect\n\n');
      continue;
    }
    const service = /^connect (.+)$/.exec(line)?.[1] ?? '';
    if (!SERVICES.includes(service)) {
      io.stderr.write(`error: Cannot serve git "${line}": this helper connects, and no more. Update git.\n`);
      return 1;
    }
    const sessions = await open(io);
    const found = await findSession(sessions, { name }, { action: 'reach the session by git', io });
    // Before git speaks: what is said wrong after this line is taken for git's protocol.
    await requireRunning(found);
    io.stdout.write('\n');
    return found.backend.exec(name, {
      // By way of git itself: its services need not be on PATH.
      command: ['git', service.replace(/^git-/, ''), WORKSPACE],
      stdin: io.stdin,
      stdout: io.stdout,
      stderr: io.stderr,
    });
  }
}

async function requireRunning({ backend, name }: FoundSession): Promise<void> {
  const { state } = await backend.status(name);
  if (state === 'running') return;
  throw new PaudeError('session-not-running', {
    action: 'reach the session by git',
    input: name,
    why: `it is ${state}`,
    remedy: `Start it first: paude start ${name}`,
  });
}

/** A line, and not a byte more: what follows it is for the command in the session. Undefined at the end. */
async function readLine(input: Readable): Promise<string | undefined> {
  const bytes: number[] = [];
  while (bytes.length < MAX_LINE_BYTES) {
    const piece: Buffer | null = input.read(1);
    if (piece === null) {
      if (input.readableEnded || input.destroyed) return undefined;
      await readableOrEnd(input);
      continue;
    }
    const [byte = 10] = piece;
    if (byte === 10) return Buffer.from(bytes).toString('utf8');
    bytes.push(byte);
  }
  return undefined;
}

function readableOrEnd(input: Readable): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      input.off('readable', done);
      input.off('end', done);
      input.off('close', done);
      resolve();
    };
    input.on('readable', done);
    input.on('end', done);
    input.on('close', done);
  });
}
