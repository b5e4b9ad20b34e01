import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmdirSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { PaudeError } from '@paude/errors';

/** Who makes directories for runs. */
export interface RunDirectoryOwner {
  readonly pid: number;
  readonly uid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A directory of one run, for its user alone. */
export interface RunDirectory {
  /** Where the authority is, with its key: made for the run, and gone with it. */
  readonly authority: string;
  /** What the command sees: stubs. */
  readonly stubs: string;
  readonly path: string;
  remove(): void;
}

/**
 * Makes a private directory for a run below XDG_RUNTIME_DIR, else below the directory for temporary files. Directories of runs
 * that ended without removing theirs are removed.
 *
 * @throws PaudeError `run-directory-unusable`.
 */
export function makeRunDirectory(owner: RunDirectoryOwner): RunDirectory {
  const { pid, uid, env } = owner;
  const base = baseDirectory(uid, env.XDG_RUNTIME_DIR);
  removeStale(base);
  const path = join(base, `run-${processNamespace()}-${pid}-${startOf(pid)}`);
  const stubs = join(path, 'stubs');
  for (const directory of [path, stubs]) mkdirSync(directory, { mode: 0o700 });
  return {
    path,
    authority: join(path, 'ca'),
    stubs,
    remove: () => removeDirectory(path, base),
  };
}

function removeDirectory(path: string, base: string): void {
  rmSync(path, { recursive: true, force: true });
  try {
    rmdirSync(base);
  } catch {
    // Other runs have theirs in it.
  }
}

function baseDirectory(uid: number, runtime: string | undefined): string {
  const isOwn = runtime !== undefined && isAbsolute(runtime) && isPrivate(runtime, uid);
  const base = isOwn ? join(runtime, 'paude') : join(realpathSync(tmpdir()), `paude-${uid}`);
  mkdirSync(base, { mode: 0o700, recursive: true });
  if (isPrivate(base, uid)) return base;
  throw new PaudeError('run-directory-unusable', {
    action: 'make a private directory in',
    input: base,
    why: 'it belongs to somebody else, or others may write to it',
    remedy: 'Remove it, or set XDG_RUNTIME_DIR to a directory of your own',
  });
}

/** Whether a directory is this user's, and nobody else can reach what is in it. */
function isPrivate(path: string, uid: number): boolean {
  try {
    const { uid: owner, mode } = lstatSync(path);
    return owner === uid && (mode & 0o077) === 0;
  } catch {
    return false;
  }
}

/** Directories whose process has ended; an id that is used again began at another time. */
function removeStale(base: string): void {
  for (const name of readdirSync(base)) {
    const [, namespace, pid, start] = /^run-(\d+)-(\d+)-(\d+)$/.exec(name) ?? [];
    // A container that shares the directory has ids of its own.
    if (namespace !== processNamespace() || startOf(Number(pid)) === start) continue;
    rmSync(join(base, name), { recursive: true, force: true });
  }
}

/** Which process ids are meant. */
function processNamespace(): string {
  return readlinkSync('/proc/self/ns/pid').replace(/\D/g, '');
}

/** When a process began, in clock ticks after the machine did (proc(5)); undefined when there is none. */
function startOf(pid: number): string | undefined {
  try {
    // The name of the program stands in parentheses, and may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[19];
  } catch {
    return undefined;
  }
}
