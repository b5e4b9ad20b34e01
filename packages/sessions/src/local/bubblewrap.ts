import type { Mount } from './mount.ts';
import type { SandboxPlan } from './sandbox-plan.ts';

/** Descriptors that bubblewrap itself reads from. */
export interface BubblewrapDescriptors {
  /** Gives a seccomp filter as bytes. */
  readonly filter: number | undefined;
}

/** The arguments of `bwrap` for a plan, but for the program that is to run inside. */
export function bubblewrapArguments(
  { mounts, directory, user }: SandboxPlan,
  { filter }: BubblewrapDescriptors,
): readonly string[] {
  const { uid, gid } = user;
  return [
    // One by one: with --unshare-all a kernel that lacks user namespaces would be no error.
    ...['user', 'ipc', 'pid', 'net', 'uts'].map((namespace) => `--unshare-${namespace}`),
    '--unshare-cgroup-try',
    '--uid',
    String(uid),
    '--gid',
    String(gid),
    '--die-with-parent',
    ...(mounts === undefined ? ['--dev-bind', '/', '/', '--proc', '/proc'] : fileSystem(mounts)),
    ...(filter === undefined ? [] : ['--seccomp', String(filter)]),
    '--cap-drop',
    'ALL',
    '--chdir',
    directory,
  ];
}

function fileSystem(mounts: readonly Mount[]): readonly string[] {
  const sealed = mounts.filter(({ kind }) => kind === 'empty').map(({ path }) => path);
  return [
    '--ro-bind',
    '/',
    '/',
    '--dev',
    '/dev',
    '--proc',
    '/proc',
    '--perms',
    '0555',
    '--tmpfs',
    '/sys',
    ...mounts.flatMap(step),
    // Last: what is mounted below needs a place there first.
    ...['/sys', ...sealed].flatMap((path) => ['--remount-ro', path]),
  ];
}

function step(mount: Mount): readonly string[] {
  const { path } = mount;
  switch (mount.kind) {
    case 'read':
      return ['--ro-bind', mount.from ?? path, path];
    case 'write':
      return ['--bind', path, path];
    case 'empty':
      return ['--perms', '0555', '--tmpfs', path];
    case 'nothing':
      return ['--ro-bind', '/dev/null', path];
    case 'scratch':
      return ['--perms', '1777', '--tmpfs', path];
  }
}
