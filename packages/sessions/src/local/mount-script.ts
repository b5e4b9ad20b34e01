import { isBelow, type Mount } from './mount.ts';
import type { MountPoint } from './mount-table.ts';
import { DEVICES, KERNEL_SETTINGS, type SandboxPlan } from './sandbox-plan.ts';

/** Where the new root is put together: a directory that every machine has, and that no sandbox shows. */
const ROOT = '/sys/root';

/** Places that get something of their own. */
const REPLACED = ['/dev', '/proc', '/sys'];

/**
 * A shell script that makes the file system of a plan with `mount` and `pivot_root`, as bubblewrap would. It runs as the
 * owner of a user namespace, in namespaces for mounts and processes that were made with it.
 *
 * @param table What is mounted outside.
 */
export function mountScript({ mounts, directory, user }: SandboxPlan, table: readonly MountPoint[]): string {
  const lines =
    mounts === undefined ? ['mount -t proc -o nosuid,nodev,noexec proc /proc'] : newRoot(mounts, table);
  // Only root owns settings of the kernel, and may write to them without any capability.
  const sealing = user.uid === 0 ? settings('/proc') : [];
  return [...lines, ...sealing, `cd -- ${quoted(directory)}`].join('\n');
}

function newRoot(mounts: readonly Mount[], table: readonly MountPoint[]): readonly string[] {
  const covered = [...REPLACED, ...mounts.filter(isEmpty).map(({ path }) => path)];
  const shown = table.filter(({ path }) => path !== '/' && !covered.some((place) => isBelow(path, place)));
  const root = table.find(({ path }) => path === '/');
  return [
    'mount -t tmpfs -o mode=0755 tmpfs /sys',
    `mkdir ${ROOT}`,
    `mount --rbind / ${ROOT}`,
    ...readOnly('/', root?.options ?? []),
    ...shown.flatMap(({ path, options }) => [
      // What was mounted in the meantime may have gone again.
      `if [ -e ${inRoot(path)} ]; then ${readOnly(path, options).join('; ')}; fi`,
    ]),
    `mount -t tmpfs -o mode=0555,nosuid,nodev tmpfs ${ROOT}/sys`,
    ...devices(),
    `mount -t proc -o nosuid,nodev,noexec proc ${ROOT}/proc`,
    ...mounts.flatMap((mount) => step(mount, table)),
    ...['/sys', '/dev', ...mounts.filter(({ kind }) => kind === 'empty').map(({ path }) => path)].map(
      (path) => `mount -o remount,bind,ro,nosuid,nodev ${inRoot(path)}`,
    ),
    `cd ${ROOT}`,
    'pivot_root . .',
    'umount -l .',
    'cd /',
  ];
}

function isEmpty({ kind }: Mount): boolean {
  return kind === 'empty' || kind === 'scratch' || kind === 'nothing';
}

function devices(): readonly string[] {
  const dev = `${ROOT}/dev`;
  return [
    `mount -t tmpfs -o mode=0755,nosuid tmpfs ${dev}`,
    `mkdir ${dev}/pts ${dev}/shm`,
    `mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs ${dev}/shm`,
    `mount -t devpts -o newinstance,nosuid,noexec,ptmxmode=0666,mode=0620 devpts ${dev}/pts`,
    `ln -s pts/ptmx ${dev}/ptmx`,
    // Links into /proc, as every machine has them; one command for all, because each costs a millisecond.
    `cp -P /dev/fd /dev/stdin /dev/stdout /dev/stderr ${dev} || true`,
    ...DEVICES.flatMap((name) => [`: > ${dev}/${name}`, `mount --bind /dev/${name} ${dev}/${name}`]),
  ];
}

function settings(proc: string): readonly string[] {
  return KERNEL_SETTINGS.map((name) => `${proc}/${name}`).map(
    (path) =>
      `if [ -e ${path} ]; then mount --bind ${path} ${path}; mount -o remount,bind,ro,nosuid,nodev,noexec ${path}; fi`,
  );
}

function step(mount: Mount, table: readonly MountPoint[]): readonly string[] {
  const { path } = mount;
  const place = inRoot(path);
  switch (mount.kind) {
    case 'read': {
      const from = mount.from ?? path;
      return [
        ...bind(from, path),
        ...readOnlyAt(place, optionsOf(from, table)),
        ...below(from, table).map(({ path: deeper, options }) =>
          readOnlyAt(inRoot(path + deeper.slice(from.length)), options).join('; '),
        ),
      ];
    }
    case 'write':
      return bind(path, path);
    case 'nothing':
      return bind('/dev/null', path);
    case 'empty':
      return [`mkdir -p ${place}`, `mount -t tmpfs -o mode=0555,nosuid,nodev tmpfs ${place}`];
    case 'scratch':
      return [`mkdir -p ${place}`, `mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs ${place}`];
  }
}

/** Shows a file or directory of the machine in the new root, where a place is made for it if need be. */
function bind(from: string, path: string): readonly string[] {
  const place = inRoot(path);
  const above = inRoot(path.replace(/\/[^/]*$/, '') || '/');
  const makePlace = `if [ -d ${quoted(from)} ]; then mkdir -p ${place}; else mkdir -p ${above}; : > ${place}; fi`;
  return [`if [ ! -e ${place} ]; then ${makePlace}; fi`, `mount --rbind ${quoted(from)} ${place}`];
}

function readOnly(path: string, options: readonly string[]): readonly string[] {
  return readOnlyAt(inRoot(path), options);
}

/** Flags that the machine set stay: a user namespace may add to them, and not take them away. */
function readOnlyAt(place: string, options: readonly string[]): readonly string[] {
  const kept = options.filter((option) => option !== 'rw' && option !== 'ro' && !option.includes('='));
  const flags = [...new Set(['remount', 'bind', 'ro', 'nosuid', 'nodev', ...kept])].filter(
    (option) => option !== 'suid' && option !== 'dev',
  );
  return [`mount -o ${flags.join(',')} ${place}`];
}

/** The options of the mount that a path lies on. */
function optionsOf(path: string, table: readonly MountPoint[]): readonly string[] {
  const around = table.filter((point) => isBelow(path, point.path));
  return around.sort((a, b) => b.path.length - a.path.length)[0]?.options ?? [];
}

function below(path: string, table: readonly MountPoint[]): readonly MountPoint[] {
  return table.filter((point) => point.path !== path && isBelow(point.path, path));
}

function inRoot(path: string): string {
  return quoted(path === '/' ? ROOT : `${ROOT}${path}`);
}

/** As one word of a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
