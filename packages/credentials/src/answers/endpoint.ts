import { pathOf } from '../request/path.ts';
import type { RequestHead } from '../request/request-head.ts';

/**
 * The path of a request as loosely as any server may read it: escapes undone, dot and empty segments and path parameters
 * removed, in lower case. What is to be answered here must not reach a service in another spelling.
 */
export function loosePath(head: RequestHead): string {
  return normalized(head).replace(/;[^/]*/g, '') || '/';
}

/** Every way in which a server may read a path: with path parameters, and without. */
export function loosePaths(head: RequestHead): readonly string[] {
  const path = normalized(head);
  return path.includes(';') ? [path, loosePath(head)] : [path];
}

function normalized(head: RequestHead): string {
  const decoded = decodeOnce(decodeOnce(pathOf(head.path))).replaceAll('\\', '/');
  const segments: string[] = [];
  for (const segment of decoded.split('/')) {
    const name = segment.replace(/;.*$/s, '');
    if (name === '..') segments.pop();
    else if (name !== '' && name !== '.') segments.push(segment);
  }
  return `/${segments.join('/')}`.toLowerCase();
}

function decodeOnce(text: string): string {
  return text.replace(/%([\da-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
}
