import { hostKind, type NamePattern, type Pattern, tryParseHost } from '@paude/allowlist';

/** What `*.` in front of a name means in a kind. */
export type StarMeaning = 'one-label' | 'subdomains';

/** A name, or a wildcard, as live objects write them; undefined when it is none. Also `*.com`, which no allowlist may have. */
export function liveNamePattern(text: string, star: StarMeaning): NamePattern | undefined {
  const isWild = text.startsWith('*.');
  const host = tryParseHost(isWild ? text.slice(2) : text);
  if (typeof host !== 'string' || hostKind(host) !== 'name') return undefined;
  return { kind: isWild ? star : 'exact', name: host };
}

/**
 * A pattern in which `*` stands for any characters of a label, or of several if it crosses dots, and `**.` in front for
 * labels of any number. Undefined when it is none.
 */
export function liveStarPattern(text: string, crossesDots: boolean): Pattern | undefined {
  const lower = text.toLowerCase().replace(/\.$/, '');
  if (lower.length > 255 || !/^[a-z\d_.*-]+$/.test(lower)) return undefined;
  if (lower === '*') return { kind: 'any' };
  if (!lower.includes('*')) return liveNamePattern(lower, 'one-label');
  const plain = lower.startsWith('**.')
    ? lower.slice(3)
    : lower.startsWith('*.')
      ? lower.slice(2)
      : undefined;
  if (plain !== undefined && !plain.includes('*')) {
    return liveNamePattern(`*.${plain}`, crossesDots || lower.startsWith('**.') ? 'subdomains' : 'one-label');
  }
  const front = !crossesDots && lower.startsWith('**.') ? '(?:[^.]+\\.)+' : '';
  const body = front === '' ? lower : lower.slice(3);
  const source = body.replaceAll('.', '\\.').replace(/\*+/g, crossesDots ? '.*' : '[^.]*');
  return { kind: 'expression', source: `^${front}${source}$`, suffix: literalEnd(body) };
}

/** The literal labels that a pattern ends in; empty when there is none. */
function literalEnd(text: string): Extract<Pattern, { kind: 'expression' }>['suffix'] {
  const labels = text.split('.');
  const literal = labels.slice(labels.findLastIndex((label) => label.includes('*')) + 1).join('.');
  const host = tryParseHost(literal);
  return typeof host === 'string' ? host : '';
}
