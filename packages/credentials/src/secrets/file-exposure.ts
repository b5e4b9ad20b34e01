import { readFile, realpath, stat } from 'node:fs/promises';

/** How a file is looked at. */
export interface FileExposureOptions {
  /** The table of mounts (proc(5)). @default '/proc/self/mountinfo' */
  readonly mountTable?: string;
}

/**
 * Whether others than its owner can read a file of secrets. A file on a read-only mount is let be: a mounted Secret has
 * the modes that the cluster gives it, and who is in the container can read it anyway.
 *
 * @returns a clause that says so, or undefined.
 */
export async function fileExposure(
  path: string,
  { mountTable = '/proc/self/mountinfo' }: FileExposureOptions = {},
): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || (found.mode & 0o077) === 0) return undefined;
  if (await isOnReadOnlyMount(path, mountTable)) return undefined;
  const mode = (found.mode & 0o777).toString(8).padStart(4, '0');
  return `file ${path} can be read by others (mode ${mode})`;
}

/** Looks into the table of mounts: asking the system whether the file can be written hides this from ordinary users. */
async function isOnReadOnlyMount(path: string, mountTable: string): Promise<boolean> {
  try {
    const [real, table] = await Promise.all([realpath(path), readFile(mountTable, 'utf8')]);
    return isReadOnly(real, table);
  } catch {
    return false;
  }
}

/** Of the mounts above a path (proc(5), mountinfo: field 5 is the mount point, field 6 its options) the innermost decides. */
function isReadOnly(path: string, table: string): boolean {
  let depth = -1;
  let readOnly = false;
  for (const line of table.split('\n')) {
    const [, , , , mountPoint, options] = line.split(' ');
    if (mountPoint === undefined || options === undefined) continue;
    const point = mountPoint.replace(/\\([0-7]{3})/g, (_, octal) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    const isAbove = path === point || path.startsWith(point.endsWith('/') ? point : `${point}/`);
    // Of two mounts at one point the later lies above.
    if (!isAbove || point.length < depth) continue;
    depth = point.length;
    readOnly = options.split(',').includes('ro');
  }
  return readOnly;
}
