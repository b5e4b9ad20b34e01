import { formatPattern, type Pattern } from '@paude/allowlist';

/** A name as kinds write it whose one wildcard is `*.` in front. */
export function starName(pattern: Pattern): string {
  switch (pattern.kind) {
    case 'exact':
      return pattern.name;
    case 'one-label':
    case 'subdomains':
      return `*.${pattern.name}`;
    default:
      return formatPattern(pattern);
  }
}
