import { nearest } from '@paude/errors';
import micromatch from 'micromatch';
import { aliasNames, expandAlias, isAlias } from './alias.ts';
import { expressionEnd, parseExpression } from './expression.ts';
import { hostKind, tryParseHost } from './host.ts';
import { invalid, isBareIpv6, parsePattern } from './parse-pattern.ts';
import type { Pattern } from './pattern.ts';
import { type PortSet, parsePorts } from './ports.ts';
import { type Effect, formatRule, type Rule, type RuleSource, type TlsRequirement } from './rule.ts';

/** What stands beside a word: in a file entry, or nothing. */
export interface RuleDetails {
  readonly ports?: PortSet;
  readonly tls?: TlsRequirement;
  readonly reason?: string;
  readonly expiresAtMs?: number;
}

/** How a word is to be read. */
export interface WordContext {
  readonly agent?: string | undefined;
  readonly source: RuleSource;
  readonly details?: RuleDetails;
}

const MAX_EXPANSIONS = 1000;
const MAX_WORD_LENGTH = 2000;

/**
 * Reads one word: an alias gives the rules of its patterns, braces one rule for each expansion, all else one rule.
 *
 * @throws PaudeError `pattern-invalid`, `expression-invalid`, `port-invalid` or `agent-unknown`.
 */
export function parseWord(word: string, context: WordContext): Rule[] {
  const plain = plainPattern(word);
  if (plain !== undefined) return [makeRule('allow', plain, undefined, context, word)];
  const isDeny = word.startsWith('!');
  const effect: Effect = isDeny ? 'deny' : 'allow';
  const body = isDeny ? word.slice(1) : word;
  const refuse = (why: string, remedy: string) => invalid({ word }, why, remedy);
  if (body === '') {
    throw isDeny
      ? refuse('there is no pattern behind the !', 'Write what to deny, as in !.example.com')
      : refuse('it is empty', 'Write a pattern, or leave the word out');
  }
  if (body.length > MAX_WORD_LENGTH)
    throw refuse(`it is longer than ${MAX_WORD_LENGTH} characters`, 'Split it');
  if (body.startsWith('!')) throw refuse('it is denied twice', `Write ${word.slice(1)}`);
  if (body.startsWith('~')) {
    const end = expressionEnd(body, 1);
    const source = end < 0 || (end < body.length && body[end] !== ':') ? body.slice(1) : body.slice(1, end);
    const portText = body.slice(source.length + 1);
    const pattern = parseExpression(source, word);
    return [
      makeRule(effect, pattern, portText === '' ? undefined : parsePorts(portText.slice(1), word), context),
    ];
  }
  if (/^[a-z\d_-]+$/i.test(body)) return bareWord(body, word, effect, context);
  if (/\s/.test(body)) throw refuse('it holds a space', 'Separate words with commas');
  if (/^[a-z][a-z\d+.-]*:\/\//i.test(body))
    throw refuse('it is a URL', `Write the host alone${hostOfUrl(body)}`);
  const [hostText, portText] = splitPort(body, word);
  const ports = portText === undefined ? undefined : parsePorts(portText, word);
  if (isAlias(hostText)) {
    throw refuse(
      'an alias takes no port',
      `Write ${hostText}.:${portText} for a host of that name, or name the hosts of the alias`,
    );
  }
  if (hostText.toLowerCase() === 'all') return [makeRule(effect, { kind: 'any' }, ports, context)];
  return expandBraces(hostText, word).map((text) => {
    if (ports === undefined && /^[a-z\d_-]+$/i.test(text)) throw oneLabel(text, word);
    return makeRule(effect, parsePattern(text, { word, isDeny }), ports, context);
  });
}

/** The common forms in canonical spelling, which need no copying: most of a long list is read here. */
function plainPattern(word: string): Pattern | undefined {
  const first = word.charCodeAt(0);
  const skip =
    first === 46 ? 1 : first !== 42 ? 0 : word.startsWith('*.') ? 2 : word.startsWith('**.') ? 3 : -1;
  if (skip < 0) return undefined;
  const text = skip === 0 ? word : word.slice(skip);
  const name = tryParseHost(text);
  if (name !== text || !name.includes('.') || hostKind(name) !== 'name') return undefined;
  return {
    kind: skip === 0 ? 'exact' : skip === 1 ? 'suffix' : skip === 2 ? 'one-label' : 'subdomains',
    name,
  };
}

function bareWord(body: string, word: string, effect: Effect, context: WordContext): Rule[] {
  if (body.toLowerCase() === 'all') return [makeRule(effect, { kind: 'any' }, undefined, context)];
  if (!isAlias(body)) throw oneLabel(body, word);
  const entries = expandAlias(body, context.agent).filter(
    (entry) => effect === 'allow' || !entry.word.startsWith('!'),
  );
  return entries.flatMap((entry) =>
    parseWord(effect === 'deny' ? `!${entry.word}` : entry.word, {
      ...context,
      source: { ...context.source, alias: entry.alias },
      details: { reason: entry.why, ...context.details },
    }),
  );
}

function oneLabel(label: string, word: string): Error {
  const meant = nearest(label, [...aliasNames(), 'all']);
  return invalid(
    { word },
    'it is neither an alias nor a host with a domain',
    `${meant === undefined ? 'Write' : `Did you mean ${meant}? If not, write`} the host with its domain, or ${label}. for a host of one label`,
  );
}

function makeRule(
  effect: Effect,
  pattern: Pattern,
  wordPorts: PortSet | undefined,
  context: WordContext,
  canonical?: string,
): Rule {
  const { details, source } = context;
  if (wordPorts !== undefined && details?.ports !== undefined) {
    throw invalid(source, 'it names ports, and so does its entry', 'Name the ports in one of the two places');
  }
  const everyPort = effect === 'deny' || pattern.kind === 'any';
  const ports = wordPorts ?? details?.ports ?? (everyPort ? 'all' : 'default');
  const text =
    canonical !== undefined && ports === 'default' ? canonical : formatRule({ effect, pattern, ports });
  if (details === undefined) return { text, effect, pattern, ports, tls: 'sni', source };
  const { tls = 'sni', reason, expiresAtMs } = details;
  return {
    text,
    effect,
    pattern,
    ports,
    tls,
    source,
    ...(reason === undefined ? {} : { reason }),
    ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
  };
}

/** Splits at the colon in front of the port; colons inside brackets and of a bare IPv6 range belong to the address. */
function splitPort(body: string, word: string): [host: string, ports: string | undefined] {
  const bracket = body.startsWith('[') && body.includes(':') ? body.indexOf(']') : -1;
  if (body.startsWith('[') && bracket < 0 && /^\[[\da-f:.]+$/i.test(body)) {
    throw invalid({ word }, 'its bracket is not closed', 'Write it as in [2001:db8::1]');
  }
  const slash = bracket < 0 && /^[\da-f]*:[\da-f]*:/i.test(body) ? body.indexOf('/') : -1;
  if (bracket < 0 && slash < 0 && isBareIpv6(body)) {
    throw invalid(
      { word },
      'an IPv6 address without brackets leaves its port unclear',
      `Write [${body}], or [address]:port`,
    );
  }
  const colon = body.indexOf(':', Math.max(bracket, slash, 0));
  return colon < 0 ? [body, undefined] : [body.slice(0, colon), body.slice(colon + 1)];
}

function expandBraces(text: string, word: string): string[] {
  if (!/[{}]/.test(text)) return [text];
  const refuse = (why: string) =>
    invalid({ word }, why, 'Write braces as in {a,b}.example.com, closed and with a comma');
  // Quotes, escapes and parentheses mean something to the library, and nothing in a host.
  const odd = /[^\w.\-*?[\]^!:/{},\x80-\uffff]/.exec(text)?.[0];
  if (odd !== undefined) throw refuse(`it holds ${JSON.stringify(odd)}, which host names do not have`);
  // The library expands before it counts, so the count is bounded before.
  if (expansionBound(text) > MAX_EXPANSIONS) {
    throw refuse(`its braces stand for more than ${MAX_EXPANSIONS} patterns`);
  }
  const expansions = micromatch.braces(text, { expand: true, rangeLimit: MAX_EXPANSIONS });
  if (expansions.some((expansion) => expansion === '' || /[{}]/.test(expansion))) {
    throw refuse('its braces are not paired');
  }
  return [...new Set(expansions)];
}

/** No fewer than the number of patterns that the braces stand for: commas and ranges of one brace add, braces multiply. */
function expansionBound(text: string): number {
  let bound = 1;
  for (const [inside] of text.matchAll(/\{[^{}]*|\}[^{}]*/g)) {
    let choices = inside.split(',').length;
    for (const [, first = '', last = ''] of inside.matchAll(/(-?\w+)\.\.(-?\w+)/g)) {
      const span = /\d/.test(first + last) ? Math.abs(Number(last) - Number(first)) : 26;
      choices += Number.isNaN(span) ? MAX_EXPANSIONS : span;
    }
    bound *= choices;
    if (bound > MAX_EXPANSIONS ** 2) break;
  }
  return bound;
}

function hostOfUrl(url: string): string {
  const host = URL.canParse(url) ? new URL(url).hostname : '';
  return host === '' ? '' : `: ${host}`;
}
