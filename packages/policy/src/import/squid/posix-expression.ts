/**
 * A POSIX extended expression, as `dstdom_regex` takes it, in RE2's syntax. `never`: it matches no host, because hosts are
 * lower case when squid compares them. `unwritten`: why it cannot be said.
 */
export type TranslatedExpression =
  | { readonly kind: 'every' }
  | { readonly kind: 'never' }
  /** A name with nothing (`^x$`), anything (`(^|\.)x$`) or labels (`\.x$`) in front. */
  | { readonly kind: 'name'; readonly form: 'exact' | 'suffix' | 'subdomains'; readonly name: string }
  /** `isOpen`: it had no end, and now matches whatever follows. */
  | { readonly kind: 'expression'; readonly source: string; readonly isOpen: boolean }
  | { readonly kind: 'unwritten'; readonly why: string };

const NAME = String.raw`((?:[a-z\d_-]+\\\.)+[a-z\d_-]+)\$`;
const EXACT = new RegExp(String.raw`^\^${NAME}$`, 'i');
const SUFFIX = new RegExp(String.raw`^(?:\(\^\|\\\.\)|\(\\\.\|\^\)|\^\(\.[*+]\\\.\)\?)${NAME}$`, 'i');
const SUBDOMAINS = new RegExp(String.raw`^(?:\^?\.[*+])?\\\.${NAME}$`, 'i');

/** Matches every name there is. */
const EVERY = /^\^?(?:\.[*+]?)?\$?$|^\^?\.[*+]\$?$/;

const CLASSES = 'alnum|alpha|blank|cntrl|digit|graph|lower|print|punct|space|upper|xdigit';

/** One bracket expression: in POSIX a backslash in it is itself, and a `]` that comes first is a member. */
const BRACKET = new RegExp(String.raw`^\[(\^?)(\]?(?:\[:(?:${CLASSES}):\]|[^\]\[]|\[(?![.:=]))*)\]`);

/** Reads an expression; `ignoreCase` is `-i`. */
export function translateExpression(value: string, ignoreCase: boolean): TranslatedExpression {
  if (value.length > 900) return unwritten('it is longer than 900 characters');
  if (/[^\x21-\x7e]/.test(value)) return unwritten('it is not printable ASCII');
  if (EVERY.test(value)) return { kind: 'every' };
  if (!ignoreCase && /[A-Z]|\[:upper:\]/.test(value.replaceAll(/\\[WSB]/g, ''))) {
    // Capitals that must be there never are; elsewhere, what they stand for is not worth telling.
    if (!/[|*?{[(]/.test(value)) return { kind: 'never' };
    return unwritten('it has capital letters and no -i, while hosts are lower case');
  }
  for (const [form, shape] of [
    ['exact', EXACT],
    ['suffix', SUFFIX],
    ['subdomains', SUBDOMAINS],
  ] as const) {
    const name = shape.exec(value)?.[1];
    if (name !== undefined) return { kind: 'name', form, name: name.replaceAll('\\.', '.').toLowerCase() };
  }
  const tokens = tokenize(value);
  if (typeof tokens === 'string') return unwritten(tokens);
  const parts = alternatives(tokens);
  if (parts.every((part) => part.at(-1) === '$')) {
    // Anchors that all alternatives share stand once, outside of the group, where they are seen for what they are.
    const start = parts.every((part) => part[0] === '^') ? '^' : '';
    const bare = parts.map((part) => part.slice(start.length, -1).join(''));
    const source = bare.length === 1 ? bare[0] : `(?:${bare.join('|')})`;
    return { kind: 'expression', source: `${start}${source}$`, isOpen: false };
  }
  const source = parts.length === 1 ? tokens.join('') : `(?:${tokens.join('')})`;
  return { kind: 'expression', source: `${source}.*$`, isOpen: true };
}

function unwritten(why: string): TranslatedExpression {
  return { kind: 'unwritten', why };
}

/** The expression in pieces of RE2's syntax, or why it has none. */
function tokenize(value: string): string[] | string {
  const tokens: string[] = [];
  let depth = 0;
  for (let index = 0; index < value.length; ) {
    const rest = value.slice(index);
    const bracket = BRACKET.exec(rest);
    if (bracket !== null) {
      tokens.push(`[${bracket[1] ?? ''}${escapeMembers(bracket[2] ?? '')}]`);
      index += bracket[0].length;
      continue;
    }
    const token = /^(?:\\[^a-z\d<>`']|\\[wWsSbB]|[a-z\d_\-.^$|()]|[*+?]|\{\d{1,3}(?:,\d{0,3})?\})/i.exec(
      rest,
    )?.[0];
    if (token === undefined) return `${JSON.stringify(rest.slice(0, 8))} has no counterpart`;
    if (/^[*+?{]/.test(token) && /^(?:|\^|\$|\(\?:|\|)$/.test(tokens.at(-1) ?? ''))
      return 'a repetition repeats nothing';
    // Behind another repetition RE2 reads ? as something else, and refuses the others.
    if (/^[*+?{]/.test(token) && /^[*+?{]/.test(tokens.at(-1) ?? '')) return 'a repetition is repeated';
    if (token === '(') depth++;
    if (token === ')' && --depth < 0) return 'a parenthesis is not opened';
    tokens.push(token === '(' ? '(?:' : token);
    index += token.length;
  }
  return depth === 0 ? tokens : 'a parenthesis is not closed';
}

/** Members of a bracket expression for RE2, in which a backslash escapes. */
function escapeMembers(members: string): string {
  return members.replaceAll(/\[:[a-z]+:\]|[\\[\]]/g, (part) => (part.startsWith('[:') ? part : `\\${part}`));
}

/** Tokens between the bars outside of every group. */
function alternatives(tokens: readonly string[]): string[][] {
  const parts: string[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (token === '(?:') depth++;
    if (token === ')') depth--;
    if (token === '|' && depth === 0) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}
