import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { DeadlineError, defaultTimeoutMs, eventually, within } from './deadline.ts';
import { TextRecorder } from './text-recorder.ts';

/** How to start a program. */
export interface ProcessOptions {
  readonly cwd?: string;
  /** The whole environment of the child. @default this process's own */
  readonly env?: NodeJS.ProcessEnv;
  /** Written to its standard input, which is then closed. @default '' */
  readonly input?: string | Uint8Array;
  /** After this it is killed, whatever it does. @default 60000 */
  readonly lifetimeMs?: number;
}

/** How a process came to its end. */
export interface ProcessExit {
  /** The exit code, or -1 when a signal ended it. */
  readonly code: number;
  readonly signal: NodeJS.Signals | undefined;
}

/** What a program said until its end. */
export interface ProcessResult extends ProcessExit {
  readonly stdout: string;
  readonly stderr: string;
}

/** A child process with a bounded life. Disposing of it kills it and whatever it has started. */
export interface RunningProcess extends AsyncDisposable {
  readonly pid: number;
  /** All that it wrote so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** The complete lines among it; the array grows. */
  readonly stdoutLines: readonly string[];
  /** Settles with its end. Never rejects. */
  readonly exited: Promise<ProcessExit>;
  readonly hasExited: boolean;
  /** The first line of either stream, past or to come, that fits. Rejects when the process ends without one. */
  waitForLine(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  signal(signal: NodeJS.Signals): void;
  /** Sends SIGTERM, waits for the end, and after `graceMs` kills and rejects. */
  stop(graceMs?: number): Promise<ProcessExit>;
  /** SIGKILL to it and all that it started. */
  kill(): Promise<ProcessExit>;
}

/** Groups that must not outlive this process. */
const liveGroups = new Set<number>();
process.on('exit', () => {
  for (const pid of liveGroups) signalGroup(pid, 'SIGKILL');
});

/** Starts a program without a shell, as the leader of a process group of its own. Rejects when it cannot be started. */
export async function startProcess(
  command: string,
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<RunningProcess> {
  const { cwd, env, input = '', lifetimeMs = 60_000 } = options;
  const child = spawn(command, args, { cwd, env, detached: true, stdio: 'pipe' });
  const pid = await started(child);
  liveGroups.add(pid);
  const stdout = new TextRecorder(child.stdout);
  const stderr = new TextRecorder(child.stderr);
  const expiry = setTimeout(() => signalGroup(pid, 'SIGKILL'), lifetimeMs);
  let hasExited = false;
  const exited = new Promise<ProcessExit>((resolve) => {
    child.once('exit', () => {
      hasExited = true;
      clearTimeout(expiry);
      signalGroup(pid, 'SIGKILL');
      liveGroups.delete(pid);
    });
    child.once('close', (code, signal) => resolve({ code: code ?? -1, signal: signal ?? undefined }));
  });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const send = (signal: NodeJS.Signals) => {
    if (!hasExited) process.kill(pid, signal);
  };
  const kill = () => {
    if (!hasExited) signalGroup(pid, 'SIGKILL');
    return within(exited, `${command} to die`);
  };
  return {
    pid,
    exited,
    kill,
    stdoutLines: stdout.lines,
    get stdout() {
      return stdout.text;
    },
    get stderr() {
      return stderr.text;
    },
    get hasExited() {
      return hasExited;
    },
    waitForLine(pattern, timeoutMs = defaultTimeoutMs) {
      return eventually(
        `a line of ${command} that fits ${pattern}`,
        () => {
          const over = hasExited;
          const found = stdout.find(pattern) ?? stderr.find(pattern);
          if (!found && over)
            throw new Error(`${command} ended without ${pattern}: ${stderr.text.slice(-2_000)}`);
          return found;
        },
        { timeoutMs },
      );
    },
    signal: send,
    async stop(graceMs = defaultTimeoutMs) {
      send('SIGTERM');
      try {
        return await within(exited, `${command} to stop`, graceMs);
      } catch (error) {
        await kill();
        throw error;
      }
    },
    async [Symbol.asyncDispose]() {
      await kill();
    },
  };
}

/** Runs a program to its end. Rejects with a DeadlineError when its life ran out. */
export async function runProcess(
  command: string,
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<ProcessResult> {
  const { lifetimeMs = 60_000 } = options;
  const before = performance.now();
  await using running = await startProcess(command, args, options);
  const exit = await running.exited;
  if (exit.signal === 'SIGKILL' && performance.now() - before >= lifetimeMs) {
    throw new DeadlineError(`${command} did not end in ${lifetimeMs} ms: ${running.stderr.slice(-2_000)}`);
  }
  return { ...exit, stdout: running.stdout, stderr: running.stderr };
}

/** The result of a program that ended with 0; throws what it said if it did not. */
export function successful(result: ProcessResult): ProcessResult {
  if (result.code === 0) return result;
  const said = `${result.stdout.slice(-2_000)}\n${result.stderr.slice(-4_000)}`;
  throw new Error(`The program ended with ${result.signal ?? result.code}: ${said.trim()}`);
}

async function started(child: ChildProcessWithoutNullStreams): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  if (child.pid === undefined) throw new Error('The child process has no id');
  return child.pid;
}

/** Signals the group that a child of ours leads; a group that is gone is no error. */
function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
