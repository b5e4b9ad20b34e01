/**
 * An expression of RE2's syntax in JavaScript's, for the part in which the two mean the same of host names; `^` and `$`
 * become `edge` and `end`, characters \x02 and \x03.
 *
 * @throws RangeError where they may differ (flags, POSIX classes, escapes beyond the common ones), where an anchor may be
 * repeated, and where there are more than `maxAnchors` of a kind.
 */
export function javascriptExpression(source: string, edge: string, end: string, maxAnchors: number): string {
  let result = '';
  const anchors = { '^': 0, $: 0 };
  /** For each open group, whether an anchor stands in it. */
  const groups: boolean[] = [];
  let repeatable = false;
  for (let index = 0; index < source.length; index++) {
    const rest = source.slice(index);
    const token = TOKEN.exec(rest)?.[0];
    if (token === undefined) throw new RangeError(`not translatable: ${rest}`);
    index += token.length - 1;
    if (token === '^' || token === '$') {
      if (++anchors[token] > maxAnchors) throw new RangeError('too many anchors');
      groups.fill(true);
      result += `(?:${token === '^' ? edge : end})`;
      repeatable = false;
      if (/^[*+{?]/.test(source.slice(index + 1))) throw new RangeError('a repeated anchor');
      continue;
    }
    if (/^[*+{]/.test(token) && !repeatable) throw new RangeError('a repeated anchor');
    if (token.startsWith('(')) {
      groups.push(false);
      repeatable = true;
    } else if (token === ')') repeatable = groups.pop() === false;
    else if (!/^[*+?{]/.test(token)) repeatable = true;
    result += withoutEdges(token);
  }
  return result;
}

/** What stands for any character must not stand for an edge. */
function withoutEdges(token: string): string {
  if (token === '(') return '(?:';
  if (token === '.') return '[^\\x02\\x03]';
  if (/^\\[DWS]$/.test(token)) return `[^\\x02\\x03${token.toLowerCase()}]`;
  return token.startsWith('[^') ? `[^\\x02\\x03${token.slice(2)}` : token;
}

/**
 * One token that both syntaxes read alike: a literal, a class without brackets inside, the plain escapes, a quantifier,
 * a group without flags, an alternative or an anchor.
 */
const TOKEN =
  /^(?:[a-z\d_\-.^$|)]|\\[dwsDWSbB]|\\[^a-z\d\s]|\[\^?(?:[^\\[\]^]|\\[dws]|\\[^a-z\d\s])(?:[^\\[\]]|\\[dws]|\\[^a-z\d\s])*\]|\((?:\?:)?(?!\?)|[*+?]\??|\{\d+(?:,\d*)?\}\??)/i;
