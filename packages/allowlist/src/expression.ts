import { PaudeError } from '@paude/errors';
import { RE2JS } from 're2js';
import { tryParseHost } from './host.ts';
import type { ExpressionPattern, NameMatcher } from './pattern.ts';

const MAX_SOURCE_LENGTH = 1000;

/** Instructions, with repetitions written out: the time for a name is at most this times its length, some milliseconds. */
const MAX_PROGRAM_SIZE = 1000;

/** Names that no honest expression matches all of. */
const STRANGERS = ['x7.invalid', 'a.b-c.d9.test', 'localhost', 'qz0'];

/**
 * Checks an expression and finds the literal labels that its matches end in. It must end in an unescaped `$` that holds
 * for the whole of it, because an open end lets `good.example.evil.test` pass.
 *
 * @throws PaudeError `expression-invalid`; `word` is the whole word, for the message.
 */
export function parseExpression(source: string, word: string): ExpressionPattern {
  const fail = (why: string, remedy: string, cause?: unknown): PaudeError =>
    new PaudeError('expression-invalid', { action: 'read the expression', input: word, why, remedy, cause });
  if (source === '') throw fail('it is empty', 'Write one as in ~^api-\\d+\\.example\\.com$');
  if (source.length > MAX_SOURCE_LENGTH) {
    throw fail(`it is longer than ${MAX_SOURCE_LENGTH} characters`, 'Split it into several rules');
  }
  if (/[^\x21-\x7e]/.test(source)) {
    throw fail(
      'it holds a character that host names do not have',
      'Write it in printable ASCII, names as xn--',
    );
  }
  let expression: RE2JS;
  try {
    expression = RE2JS.compile(source, RE2JS.CASE_INSENSITIVE);
  } catch (error) {
    throw fail(
      re2Reason(error),
      'Correct it; the syntax is that of RE2, without look-around and back-references',
      error,
    );
  }
  if (expression.programSize() > MAX_PROGRAM_SIZE) {
    throw fail('it is too large with its repetitions written out', 'Use * or + instead of large counts');
  }
  const scan = scanExpression(source);
  if (scan.quotes) throw fail('it uses \\Q or \\C', 'Escape each special character with a backslash');
  if (scan.bars.length > 0) {
    throw fail(
      'a | outside of a group leaves part of it without its anchor',
      `Write ~${grouped(source, scan.bars)}`,
    );
  }
  if (!scan.anchoredAtEnd) throw fail('it is not anchored at its end', `Write ~${source}$`);
  if (STRANGERS.every((name) => expression.test(name))) {
    throw fail('it matches every name', 'Write all to allow everything, or name the hosts you mean');
  }
  const pattern: ExpressionPattern = { kind: 'expression', source, suffix: labelsOf(scan.tail) };
  matchers.set(pattern, matcherOf(expression, source));
  return pattern;
}

/** Compiled once for a pattern object, however many policies it goes into; gone with the object. */
const matchers = new WeakMap<ExpressionPattern, NameMatcher>();

/** The compiled form of an expression: linear in the length of the name, whatever the expression. */
export function expressionMatcher(pattern: ExpressionPattern): NameMatcher {
  let matcher = matchers.get(pattern);
  if (matcher === undefined) {
    matcher = matcherOf(RE2JS.compile(pattern.source, RE2JS.CASE_INSENSITIVE), pattern.source);
    matchers.set(pattern, matcher);
  }
  return matcher;
}

/** Literal text at either end is compared first: of many expressions under one domain few then have to run. */
function matcherOf(expression: RE2JS, source: string): NameMatcher {
  const head = literalHead(source);
  const { tail } = scanExpression(source);
  return (name) => name.startsWith(head) && name.endsWith(tail) && expression.test(name);
}

/**
 * The literal text right behind a leading `^`, up to the first character that may be more than itself: also one in front of
 * a parenthesis, as in `a(?i)*` the star belongs to the `a`.
 */
function literalHead(source: string): string {
  let head = '';
  let index = 1;
  while (source.startsWith('^')) {
    const token = /^(?:\\[.\-_]|[a-z\d_-])(?![*+?{(])/i.exec(source.slice(index))?.[0];
    if (token === undefined) break;
    head += token.slice(-1);
    index += token.length;
  }
  return head.toLowerCase();
}

/** Where an expression at the start of a text ends: behind its first unescaped `$` that is followed by one of `,`, `:` and the end. */
export function expressionEnd(text: string, start: number): number {
  for (let index = start; index < text.length; index++) {
    const character = text[index];
    if (character === '\\') index++;
    else if (character === '$' && (index + 1 === text.length || /[,:]/.test(text[index + 1] ?? '')))
      return index + 1;
  }
  return -1;
}

interface Scan {
  readonly anchoredAtEnd: boolean;
  /** Where a `|` stands outside of every group. */
  readonly bars: readonly number[];
  readonly quotes: boolean;
  /** The literal text right before the final `$`. */
  readonly tail: string;
}

/** One pass over the syntax: groups, classes and escapes are told apart, and nothing else is. */
function scanExpression(source: string): Scan {
  let depth = 0;
  const bars: number[] = [];
  let quotes = false;
  let tail = '';
  let lost = false;
  let anchoredAtEnd = false;
  for (let index = 0; index < source.length; index++) {
    const character = source[index] ?? '';
    anchoredAtEnd = false;
    if (character === '\\') {
      const escaped = source[++index] ?? '';
      if (escaped === 'Q' || escaped === 'C') quotes = true;
      // Escapes such as \x2e and \pL go on behind their letter; telling how far is not worth it.
      if (/[a-z\d]/i.test(escaped) && !/[bdswz]/i.test(escaped)) lost = true;
      tail = /[.\-_]/.test(escaped) ? tail + escaped : '';
    } else if (character === '[') {
      index = classEnd(source, index);
      tail = '';
    } else if (character === '$') {
      anchoredAtEnd = depth === 0 && index === source.length - 1;
      if (!anchoredAtEnd) tail = '';
    } else if (/[a-z\d\-_]/i.test(character)) {
      tail += character;
    } else {
      if (character === '(') depth++;
      if (character === ')') depth--;
      if (character === '|' && depth === 0) bars.push(index);
      tail = '';
    }
  }
  return { anchoredAtEnd, bars, quotes, tail: lost ? '' : tail.toLowerCase() };
}

/** The index of the `]` that ends the class which starts at `start`; a `]` that comes first is a member. */
function classEnd(source: string, start: number): number {
  let index = start + 1;
  if (source[index] === '^') index++;
  if (source[index] === ']') index++;
  for (; index < source.length; index++) {
    if (source[index] === '\\') index++;
    else if (source.startsWith('[:', index)) index = Math.max(index, source.indexOf(':]', index) + 1);
    else if (source[index] === ']') return index;
  }
  return source.length;
}

/** `-api.example.com` ends in the labels `example.com`: what stands before the first dot may be part of a label. */
function labelsOf(tail: string): ExpressionPattern['suffix'] {
  const dot = tail.indexOf('.');
  const host = dot < 0 ? undefined : tryParseHost(tail.slice(dot + 1));
  return typeof host === 'string' && !tail.endsWith('.') ? host : '';
}

/** `^a$|^b$` as `^(?:a|b)$`. */
function grouped(source: string, bars: readonly number[]): string {
  const edges = [-1, ...bars, source.length];
  const parts = edges.slice(1).map((end, part) => source.slice((edges[part] ?? 0) + 1, end));
  return `^(?:${parts.map((part) => part.replace(/^\^/, '').replace(/\$$/, '')).join('|')})$`;
}

function re2Reason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return `the engine refuses it (${text.replace(/^error parsing regexp: /, '')})`;
}
