import { type CharRange, DFA, JS, NFA, Transformers, transform } from 'refa';
import { javascriptExpression } from './expression-syntax.ts';
import { globSource } from './glob.ts';
import { type Host, tryParseHost } from './host.ts';
import type { Pattern } from './pattern.ts';

/** A set of names, as the automaton that accepts them. */
export type Language = DFA;

/** The states that one automaton may have: enough for any rule written by hand, and a bound on the work. */
const MAX_STATES = 5000;

/**
 * A name `n` is the word EDGE x 8, n, END x 8. An anchor of an expression consumes one or more of them, so that it
 * is an ordinary character here: automata know no anchors. More than eight anchors are not looked at.
 */
const EDGE = '\\x02';
const END = '\\x03';
const EDGES = 8;
const NAME_CHARACTER = '[a-z0-9_.\\-]';

const simplify = Transformers.simplify({ ignoreAmbiguity: true, ignoreOrder: true });

/** Every canonical name. Lengths are not looked at, nor whether xn-- labels decode. Made when it is first needed. */
const allNames = (() => {
  let names: Language | undefined;
  return (): Language => {
    const label = '[a-z0-9_](?:[a-z0-9_\\-]*[a-z0-9_])?';
    names ??= without(
      dfaOf(framed(`(?:${label}\\.)*${label}`)),
      dfaOf(framed(`(?:${label}\\.)*(?:[0-9]+|0x[0-9a-f]*)`)),
    );
    return names;
  };
})();

const languages = new WeakMap<Pattern, Language | undefined>();

/**
 * The names that a pattern matches; addresses are not names. Undefined when the pattern is an expression that cannot be
 * told exactly, or is too large.
 */
export function languageOf(pattern: Pattern): Language | undefined {
  if (!languages.has(pattern))
    languages.set(
      pattern,
      bounded(() => dfaIntersection(allNames(), readPattern(pattern))),
    );
  return languages.get(pattern);
}

/** The names below a domain with one label more, or two and more. The domain may be empty: the root. */
export function languageBelow(domain: string, depth: 'one' | 'more'): Language | undefined {
  const tail = domain === '' ? '' : `\\.${escapeName(domain)}`;
  const label = '[^.\\x02\\x03]+';
  const labels = depth === 'one' ? label : `(?:${label}\\.)+${label}`;
  return bounded(() => dfaIntersection(allNames(), dfaOf(framed(`${labels}${tail}`))));
}

/** The names that are at or below one of these domains. */
export function languageUnder(domains: readonly string[]): Language | undefined {
  return bounded(() => dfaOf(framed(`(?:[^.\\x02\\x03]+\\.)*(?:${domains.map(escapeName).join('|')})`)));
}

/**
 * A name that is in all of the one and in none of the other; `none` when there is no such name, `unknown` when that is
 * too much work to tell.
 */
export function findName(inAll: readonly Language[], inNone: readonly Language[]): Host | 'none' | 'unknown' {
  const found = bounded(() => {
    let rest = allNames();
    for (const language of inAll) rest = dfaIntersection(rest, language);
    for (const language of inNone) rest = without(rest, language);
    return rest;
  });
  if (found === undefined) return 'unknown';
  if (found.isEmpty) return 'none';
  // The automaton knows nothing of lengths and punycode; a name that is none of ours proves nothing.
  for (const text of shortWords(found)) if (tryParseHost(text) === text) return text as Host;
  return 'unknown';
}

interface Path {
  readonly node: DFA.Node;
  readonly text: string;
}

/** Short words of an automaton, shortest first: each state is passed a few times at most, so their number is bounded. */
function* shortWords(dfa: DFA): Generator<string> {
  const visits = new Map<DFA.Node, number>();
  let paths: Path[] = [{ node: dfa.initial, text: '' }];
  while (paths.length > 0) {
    const longer: Path[] = [];
    for (const { node, text } of paths) {
      if (dfa.finals.has(node)) yield text;
      for (const [range, next] of [...node.out].sort(lettersFirst)) {
        const visit = (visits.get(next) ?? 0) + 1;
        visits.set(next, visit);
        if (visit <= 3) longer.push({ node: next, text: text + characterOf(range) });
      }
    }
    paths = longer;
  }
}

/** Digits come first by code; a name of letters reads better as an example. */
function lettersFirst([a]: [CharRange, unknown], [b]: [CharRange, unknown]): number {
  return Number(b.max >= 0x61) - Number(a.max >= 0x61);
}

/** A letter where there is one; nothing for the edges of a name. */
function characterOf({ min, max }: CharRange): string {
  const code = min <= 0x61 && max >= 0x61 ? 0x61 : min;
  return code < 0x20 ? '' : String.fromCharCode(code);
}

function readPattern(pattern: Pattern): DFA {
  const labels = '(?:[^.\\x02\\x03]+\\.)';
  switch (pattern.kind) {
    case 'any':
      return allNames();
    case 'address':
      return DFA.empty({ maxCharacter: allNames().maxCharacter });
    case 'exact':
      return dfaOf(framed(escapeName(pattern.name)));
    case 'suffix':
      return dfaOf(framed(`${labels}*${escapeName(pattern.name)}`));
    case 'one-label':
      return dfaOf(framed(`${labels}${escapeName(pattern.name)}`));
    case 'subdomains':
      return dfaOf(framed(`${labels}+${escapeName(pattern.name)}`));
    case 'glob':
      return dfaOf(framed(globSource(pattern).slice(1, -1)));
    case 'expression': {
      const source = javascriptExpression(pattern.source, `${EDGE}+`, `${END}+`, EDGES);
      const front = `(?:${EDGE}{${EDGES}}${NAME_CHARACTER}*)?`;
      return dfaOf(`${front}(?:${source})(?:${NAME_CHARACTER}*${END}{${EDGES}})?`, 'i');
    }
  }
}

function framed(source: string): string {
  return `${EDGE}{${EDGES}}(?:${source})${END}{${EDGES}}`;
}

function escapeName(name: string): string {
  return name.replaceAll('.', '\\.').replaceAll('-', '\\-');
}

function dfaOf(source: string, flags = ''): DFA {
  const { expression, maxCharacter } = JS.Parser.fromLiteral({ source, flags }).parse({
    assertions: 'parse',
    maxNodes: MAX_STATES,
  });
  const applied = transform(Transformers.applyAssertions(), transform(simplify, expression));
  const nfa = NFA.fromRegex(
    applied,
    { maxCharacter },
    { assertions: 'throw' },
    new NFA.LimitedNodeFactory(MAX_STATES),
  );
  return minimal(DFA.fromFA(nfa, new DFA.LimitedNodeFactory(MAX_STATES)));
}

function dfaIntersection(left: DFA, right: DFA): DFA {
  return minimal(DFA.fromIntersection(left, right, new DFA.LimitedNodeFactory(MAX_STATES)));
}

function without(left: DFA, right: DFA): DFA {
  const complement = right.copy();
  complement.complement();
  return dfaIntersection(left, complement);
}

function minimal(dfa: DFA): DFA {
  dfa.minimize();
  return dfa;
}

/** Undefined when the work grows too large, or an expression is one that this cannot read. */
function bounded<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
