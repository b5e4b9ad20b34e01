/** Percent-encoding of what needs none (RFC 3986 section 2.3), of delimiters of paths, of itself, and of NUL. */
const NEEDLESS_ESCAPE = /%(?:2[def5]|3\d|[46][1-9a-f]|[57][\da]|5f|7e|5c|00)/i;

/**
 * Whether servers may disagree on which path a request target names: dot segments, empty segments, backslashes, path
 * parameters (`/..;/`, `/a;x/b`), and percent-encoding of what stands for itself (`%2f`, `%61`). Such a path must not be
 * compared with a prefix.
 */
export function isAmbiguousPath(target: string): boolean {
  const path = pathOf(target);
  if (path === '*') return false;
  if (!path.startsWith('/')) return true;
  return /\/\/|[\\;#\p{Cc} ]/u.test(path) || NEEDLESS_ESCAPE.test(path) || /\/\.\.?(?=\/|$)/.test(path);
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
