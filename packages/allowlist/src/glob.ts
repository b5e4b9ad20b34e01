import { PaudeError } from '@paude/errors';
import micromatch from 'micromatch';
import { RE2JS } from 're2js';
import { type Host, tryParseHost } from './host.ts';
import type { GlobPattern, NameMatcher } from './pattern.ts';

/** What micromatch calls a path segment is a label here, so a wildcard never crosses a dot. */
const OPTIONS = {
  dot: true,
  bash: false,
  nobrace: true,
  noextglob: true,
  nonegate: true,
  strictSlashes: true,
};

/** micromatch keeps wildcards from matching empty segments and the segments `.` and `..`, which no host has. */
const PATH_GUARDS = /\(\?!\\\.\{1,2\}\(\?:\\\/\|\$\)\)|\(\?=\.\)/g;

/**
 * Checks a glob and brings it to its canonical form. Wildcards (`*`, `?`, `[a-z]`, `[!0-9]`) stand within labels; only
 * the front may be `.` or `**.`; the last two labels are literal.
 *
 * @throws PaudeError `pattern-invalid`; `word` is the whole word, for the message.
 */
export function parseGlob(input: string, word: string): GlobPattern {
  const fail = (why: string, remedy: string): PaudeError =>
    new PaudeError('pattern-invalid', { action: 'read the pattern', input: word, why, remedy });
  const text = (input.endsWith('.') ? input.slice(0, -1) : input).toLowerCase().replaceAll('[!', '[^');
  const front = /^(?:\*\*\.|\.)?/.exec(text)?.[0] ?? '';
  const labels = text.slice(front.length).split('.');
  const firstLiteral = labels.findLastIndex(isWild) + 1;
  if (labels.length - firstLiteral < 2) {
    throw fail(
      'a wildcard stands in its last two labels, so it would match hosts of strangers',
      'Keep the last two labels literal, as in *-api.example.com',
    );
  }
  const suffix = tryParseHost(labels.slice(firstLiteral).join('.'));
  if (typeof suffix !== 'string') throw fail(suffix.why, suffix.remedy);
  const canonical = labels.slice(0, firstLiteral).map((label) => {
    if (label.includes('**')) {
      throw fail(
        '** stands for whole labels in front',
        'Write ** as the first label alone, or * within a label',
      );
    }
    if (!isWild(label)) return canonicalLabel(label, fail);
    if (!/^(?:[a-z\d_*?-]|\[\^?(?:[a-z\d]-[a-z\d]|[a-z\d_-])+\])+$/.test(label) || hasReversedRange(label)) {
      throw fail(
        'one of its labels is not a glob',
        'Use letters, digits, hyphens, and the wildcards *, ?, [a-z] and [!a-z] (names with other letters as xn--)',
      );
    }
    return label;
  });
  const glob = `${front}${[...canonical, suffix].join('.')}`;
  if (glob.length > 300) throw fail('it is longer than a host can be', 'Write a shorter one');
  return { kind: 'glob', glob, suffix };
}

/** Whether a text holds a wildcard. */
export function isWild(text: string): boolean {
  return /[*?[\]]/.test(text);
}

/** Compiled once for a pattern object, however many policies it goes into; gone with the object. */
const matchers = new WeakMap<GlobPattern, NameMatcher>();

/** The compiled form of a glob: micromatch makes it an expression, and the linear-time engine runs that. */
export function globMatcher(pattern: GlobPattern): NameMatcher {
  let matcher = matchers.get(pattern);
  if (matcher === undefined) {
    matcher = matcherOf(pattern);
    matchers.set(pattern, matcher);
  }
  return matcher;
}

/** Literal text at either end is compared first: of many globs under one domain few then have to run, or be compiled. */
function matcherOf(pattern: GlobPattern): NameMatcher {
  const head = /^[^*?[.]*/.exec(pattern.glob)?.[0] ?? '';
  const tail = /[^*?\]]*$/.exec(pattern.glob)?.[0] ?? '';
  let expression: RE2JS | undefined;
  return (name) => {
    if (!name.startsWith(head) || !name.endsWith(tail)) return false;
    expression ??= RE2JS.compile(globSource(pattern));
    return expression.test(name);
  };
}

/** The regular expression that a glob is; also read by JavaScript's own engine and by automata. */
export function globSource(pattern: GlobPattern): string {
  const front = /^(?:\*\*\.|\.)?/.exec(pattern.glob)?.[0] ?? '';
  const path = pattern.glob.slice(front.length).replaceAll('.', '/');
  const source = micromatch.makeRe(path, OPTIONS).source.replace(PATH_GUARDS, '').slice(1, -1);
  const labels = front === '' ? '' : `(?:[^.]+\\.)${front === '.' ? '*' : '+'}`;
  return `^${labels}${source.replaceAll('/', '.')}$`;
}

function canonicalLabel(label: string, fail: (why: string, remedy: string) => PaudeError): string {
  // A label of digits is no address when other labels follow it.
  const host: Host | { why: string; remedy: string } = tryParseHost(`${label}.a`);
  if (typeof host !== 'string') throw fail(host.why, host.remedy);
  return host.slice(0, -2);
}

function hasReversedRange(label: string): boolean {
  return [...label.matchAll(/\[[^\]]*\]/g)].some(([set]) =>
    [...set.matchAll(/([a-z\d])-([a-z\d])/g)].some(([, first = '', last = '']) => first > last),
  );
}
