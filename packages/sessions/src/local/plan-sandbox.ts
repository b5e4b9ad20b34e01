import { accessSync, constants, existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { PaudeError } from '@paude/errors';
import { boundSockets } from './bound-sockets.ts';
import {
  HIDDEN_BELOW_VARIABLE,
  HIDDEN_BY_VARIABLE,
  HIDDEN_IN_HOME,
  HIDDEN_IN_SYSTEM,
  NEEDED_BELOW_SCRATCH,
  SCRATCH,
} from './hidden-places.ts';
import { inOrder, isBelow, type Mount } from './mount.ts';
import type { Variables } from './passed-variables.ts';
import type { SandboxPlan } from './sandbox-plan.ts';

/** Where the command sees what was written for it. */
export const STUBS_PLACE = '/run/paude';

/** What a sandbox is planned from. Paths may be relative to `directory`. */
export interface PlanRequest {
  /** Where the command starts; it may write there. */
  readonly directory: string;
  readonly home: string;
  readonly user: SandboxPlan['user'];
  /** Looked at for the paths of credentials and sockets. */
  readonly environment: Variables;
  /** Shown read-only, also where they would be hidden. @default none */
  readonly read?: readonly string[];
  /** The same, writable. @default none */
  readonly write?: readonly string[];
  /** Hidden besides. Those that are not there need not be. @default none */
  readonly hide?: readonly string[];
  /** Read-only unless `write` names them, and never hidden: what the session itself is run with. @default none */
  readonly own?: readonly string[];
  /** Hidden wherever it is: what the proxy keeps for itself. @default none */
  readonly kept?: readonly string[];
  /** A directory that the command sees as {@link STUBS_PLACE}. @default none */
  readonly stubs?: string | undefined;
  /** @default that of the machine, of `/proc/net/unix` */
  readonly socketTable?: string;
}

/**
 * Plans the file system of a sandbox: the machine's, read-only, with the working directory writable, and without credentials,
 * other people's files in shared places, and sockets of services.
 *
 * @throws PaudeError `sandbox-path-invalid`.
 */
export function planSandbox(request: PlanRequest): SandboxPlan {
  const { user, read = [], write = [], own = [], stubs } = request;
  const directory = realpathSync(request.directory);
  checkWritable(directory, request);
  const shown: Mount[] = [
    { kind: 'write', path: directory },
    ...own.flatMap(real).map((path): Mount => ({ kind: 'read', path })),
    ...write.map((path): Mount => ({ kind: 'write', path: named(path, request, 'write') })),
    ...read.map((path): Mount => ({ kind: 'read', path: named(path, request, 'read') })),
    ...NEEDED_BELOW_SCRATCH.flatMap(real).map((path): Mount => ({ kind: 'read', path })),
  ];
  const scratch = SCRATCH.flatMap(real).map((path): Mount => ({ kind: 'scratch', path }));
  const ours: Mount[] = stubs === undefined ? [] : [{ kind: 'read', path: STUBS_PLACE, from: stubs }];
  const hidden = [
    ...hiddenPlaces(request).flatMap(real).map(hide),
    // What was named to be shown wins over the list, and what was named to be hidden over that.
  ];
  const explicit = (request.hide ?? [])
    .map((path) => resolve(directory, path))
    .flatMap(real)
    .map(hide);
  const kept = (request.kept ?? []).flatMap(real).map(hide);
  const mounts = inOrder([...scratch, ...hidden, ...shown, ...explicit, ...kept, ...ours]);
  return { user, directory, mounts: inOrder([...mounts, ...sockets(mounts, request)]) };
}

function hiddenPlaces({ home, environment }: PlanRequest): readonly string[] {
  const value = (name: string) => environment[name] || undefined;
  return [
    ...HIDDEN_IN_HOME.map((path) => join(home, path)),
    ...HIDDEN_IN_SYSTEM.filter(isReadable),
    ...HIDDEN_BY_VARIABLE.flatMap((name) => value(name)?.split(':') ?? []).filter((path) =>
      path.startsWith('/'),
    ),
    ...Object.entries(HIDDEN_BELOW_VARIABLE).flatMap(([name, paths]) => {
      const directory = value(name);
      return directory === undefined ? [] : paths.map((path) => join(directory, path));
    }),
    ...(value('XDG_RUNTIME_DIR') === undefined ? [] : [value('XDG_RUNTIME_DIR') ?? '']),
  ].filter((path) => path.startsWith('/') && resolve(path) !== '/');
}

/** Sockets that would still be seen: whoever listens there would do the command's errands outside. */
function sockets(mounts: readonly Mount[], { socketTable }: PlanRequest): readonly Mount[] {
  const table = socketTable ?? readFileSync('/proc/net/unix', 'utf8');
  return boundSockets(table)
    .flatMap(real)
    .filter((path) => !['/proc', '/sys', '/dev'].some((place) => isBelow(path, place)))
    .filter((path) => {
      const around = mounts.filter((mount) => isBelow(path, mount.path)).at(-1);
      return around === undefined || around.kind === 'read' || around.kind === 'write';
    })
    .map((path) => ({ kind: 'nothing', path }));
}

/** What this user may not read needs no hiding: inside it is the same user, with fewer rights. */
function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/** A path without links; none when there is nothing, or nothing that this user could see. */
function real(path: string): readonly string[] {
  try {
    return [realpathSync(path)];
  } catch {
    return [];
  }
}

function hide(path: string): Mount {
  return { kind: statSync(path).isDirectory() ? 'empty' : 'nothing', path };
}

function named(path: string, { directory }: PlanRequest, flag: 'read' | 'write'): string {
  const absolute = resolve(directory, path);
  if (existsSync(absolute)) return realpathSync(absolute);
  throw invalid(
    `--${flag} ${path}`,
    'there is no such file or directory',
    'Make it first, or leave the flag out',
  );
}

/** What is writable must not be the home directory, or hold it: programs of tomorrow are started from there. */
function checkWritable(directory: string, { home, write = [] }: PlanRequest): void {
  const named = write.some((path) => resolve(directory, path) === directory);
  const [homeDirectory = home] = real(home);
  if (named || !isBelow(homeDirectory, directory)) return;
  throw invalid(
    directory,
    dirname(directory) === directory
      ? 'the command may write to its working directory, and this is the whole file system'
      : 'the command may write to its working directory, and your home directory is in this one',
    'Change to the directory of a project, or say that it is meant with --write .',
  );
}

function invalid(input: string, why: string, remedy: string): PaudeError {
  return new PaudeError('sandbox-path-invalid', { action: 'run a command in', input, why, remedy });
}
