/** A place where something is mounted, and with which options. */
export interface MountPoint {
  readonly path: string;
  /** As in `rw`, `nosuid`, `relatime`. */
  readonly options: readonly string[];
}

/** Reads the text of `/proc/self/mountinfo` (proc(5)); of several mounts in one place the last, which is the one seen. */
export function readMountTable(table: string): readonly MountPoint[] {
  const points = new Map<string, MountPoint>();
  for (const line of table.split('\n')) {
    const [, , , , path, options] = line.split(' ');
    if (path === undefined || options === undefined) continue;
    const plain = path.replace(/\\([0-7]{3})/g, (_, code: string) =>
      String.fromCharCode(Number.parseInt(code, 8)),
    );
    points.delete(plain);
    points.set(plain, { path: plain, options: options.split(',') });
  }
  return [...points.values()];
}
