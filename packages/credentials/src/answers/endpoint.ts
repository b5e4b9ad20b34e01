import { pathOf } from '../request/path.ts';
import type { RequestHead } from '../request/request-head.ts';

/**
 * The path of a request as loosely as any server may read it: escapes undone, dot and empty segments and path parameters
 * removed, in lower case. What is to be answered here must not reach a service in another spelling.
 */
export function loosePath(head: RequestHead): string {
  const decoded = pathOf(head.path)
    .replace(/%([\da-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/%([\da-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replaceAll('\\', '/');
  const segments: string[] = [];
  for (const segment of decoded.split('/')) {
    const name = segment.replace(/;.*$/s, '');
    if (name === '..') segments.pop();
    else if (name !== '' && name !== '.') segments.push(name);
  }
  return `/${segments.join('/')}`.toLowerCase();
}
