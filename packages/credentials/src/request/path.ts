/**
 * Whether servers may disagree on which path a request target names: dot segments, empty segments, backslashes, and
 * slashes or dots in percent-encoding, also with path parameters (`/..;/`). Such a path must not be compared with a prefix.
 */
export function isAmbiguousPath(target: string): boolean {
  const path = pathOf(target);
  if (path === '*') return false;
  if (!path.startsWith('/')) return true;
  return /\/\/|\\|%2f|%5c|%2e|%25|%00|[#\p{Cc} ]/iu.test(path) || /\/\.\.?(?:;[^/]*)?(?=\/|$)/.test(path);
}

/** The request target without its query. */
export function pathOf(target: string): string {
  const question = target.indexOf('?');
  return question < 0 ? target : target.slice(0, question);
}

/** Whether a path lies at or below a prefix; `/a` holds `/a` and `/a/b`, not `/ab`. Paths are compared byte for byte. */
export function hasPathPrefix(target: string, prefix: string): boolean {
  const path = pathOf(target);
  return path === prefix || path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`);
}
