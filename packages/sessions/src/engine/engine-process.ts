import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Variables by name; of this process's own those that the app has handed on. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** How one run of the engine's program ended. */
export interface EngineResult {
  /** -1 when a signal ended it. */
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** What goes into a run and where its output goes. */
export interface ProcessRequest {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Variables;
  /** @default nothing */
  readonly input?: string | Uint8Array | Readable | undefined;
  /** Gets standard output in place of the result. */
  readonly output?: Writable | undefined;
  readonly errors?: Writable | undefined;
  /** Every line of both streams as it comes. */
  readonly onLine?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** After this it is ended; infinite for what a person waits on. @default 120000 */
  readonly timeoutMs?: number | undefined;
}

/** What is kept of standard error: its end, where engines say what went wrong. */
const MAX_ERROR_CHARACTERS = 16_384;
const DEFAULT_TIMEOUT_MS = 120_000;
const GRACE_MS = 5_000;

/**
 * Runs the engine's program without a shell, to its end. It leads a session of its own, so that Ctrl-C at the terminal
 * reaches us alone: what is half done is then undone in order.
 *
 * @returns undefined when it took longer than it may.
 * @throws what spawn rejects with, and the reason of the signal.
 */
export async function runProgram(request: ProcessRequest): Promise<EngineResult | undefined> {
  const { program, args, env, input, signal, timeoutMs = DEFAULT_TIMEOUT_MS } = request;
  signal?.throwIfAborted();
  const options: SpawnOptions = { env: { ...env }, detached: true, stdio: 'pipe' };
  const child = spawn(program, args, options);
  let isLate = false;
  const end = () => endProcess(child);
  const expire = () => {
    isLate = true;
    end();
  };
  const timer = Number.isFinite(timeoutMs) ? setTimeout(expire, timeoutMs) : undefined;
  signal?.addEventListener('abort', end, { once: true });
  try {
    const pieces: Buffer[] = [];
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-MAX_ERROR_CHARACTERS);
      request.errors?.write(text);
    });
    if (request.output === undefined) child.stdout?.on('data', (piece: Buffer) => pieces.push(piece));
    const written =
      request.output === undefined || child.stdout === null
        ? undefined
        : pipeline(child.stdout, request.output, { end: false }).catch(() => child.stdout?.destroy());
    if (request.onLine !== undefined) followLines(child, request.onLine);
    feed(child, input);
    const code = await endOf(child);
    await written;
    signal?.throwIfAborted();
    return isLate ? undefined : { code, stdout: Buffer.concat(pieces), stderr };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
  }
}

/** Runs it on this process's own terminal. @returns its exit code. */
export function runOnTerminal(program: string, args: readonly string[], env: Variables): Promise<number> {
  return endOf(spawn(program, args, { env: { ...env }, stdio: 'inherit' }));
}

function endOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? -1));
  });
}

function feed(child: ChildProcess, input: ProcessRequest['input']): void {
  const { stdin } = child;
  if (stdin === null) return;
  // It may end before it has read everything; its exit code says what that means.
  stdin.on('error', () => {});
  if (input === undefined || typeof input === 'string' || input instanceof Uint8Array) {
    stdin.end(input ?? '');
    return;
  }
  input.on('error', () => stdin.destroy());
  input.pipe(stdin);
  child.once('close', () => input.unpipe(stdin));
}

function followLines(child: ChildProcess, onLine: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream?.on('data', (piece: Buffer | string) => {
      const lines = (rest + piece.toString()).split(/\r?\n|\r/);
      rest = (lines.pop() ?? '').slice(-MAX_ERROR_CHARACTERS);
      for (const line of lines) if (line !== '') onLine(line);
    });
    stream?.on('close', () => {
      if (rest !== '') onLine(rest);
    });
  }
}

function endProcess(child: ChildProcess): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  child.once('close', () => clearTimeout(timer));
}
