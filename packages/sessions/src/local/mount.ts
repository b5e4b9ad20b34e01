/** One step in making the file system of a sandbox. Paths are absolute and free of links. */
export type Mount =
  /** Shown as it is outside, or as `from` is there; read-only, with all that is mounted below it. */
  | { readonly kind: 'read'; readonly path: string; readonly from?: string }
  /** The same, writable. */
  | { readonly kind: 'write'; readonly path: string }
  /** An empty directory that cannot be written to. */
  | { readonly kind: 'empty'; readonly path: string }
  /** A file of which nothing can be read. */
  | { readonly kind: 'nothing'; readonly path: string }
  /** An empty directory in memory that the command may write to, gone with it. */
  | { readonly kind: 'scratch'; readonly path: string };

/** Whether a path is `directory` or lies below it. */
export function isBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`);
}

/**
 * Mounts in the order in which they take effect: what lies above first, so that a place keeps what was said about itself,
 * whatever was said about a directory around it. Of several for one place the last counts.
 */
export function inOrder(mounts: readonly Mount[]): readonly Mount[] {
  const byPath = new Map(mounts.map((mount) => [mount.path, mount]));
  const depth = (path: string) => (path === '/' ? 0 : path.split('/').length);
  return [...byPath.values()].sort(
    (a, b) => depth(a.path) - depth(b.path) || (a.path < b.path ? -1 : a.path > b.path ? 1 : 0),
  );
}
