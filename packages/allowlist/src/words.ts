import { expressionEnd } from './expression.ts';

/**
 * Splits what stands behind `--allowed-domains` at its commas and white space at the edges. A comma inside braces or
 * brackets does not split, nor one inside an expression: that runs to its first unescaped `$` which is followed by a
 * comma, a port or the end. Empty pieces (a trailing comma) are dropped.
 */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let start = 0;
  while (start < text.length) {
    const end = wordEnd(text, start);
    const word = text.slice(start, end).trim();
    if (word !== '') words.push(word);
    start = end + 1;
  }
  return words;
}

function wordEnd(text: string, start: number): number {
  let index = start;
  while (/\s/.test(text[index] ?? '')) index++;
  if (text[index] === '!') index++;
  if (text[index] === '~') {
    // Without an end it is refused later, and cutting it at a comma would make that message wrong.
    const end = expressionEnd(text, index);
    if (end < 0) return text.length;
    index = end;
  }
  let depth = 0;
  for (; index < text.length; index++) {
    const character = text[index];
    if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') depth--;
    else if (character === ',' && depth <= 0) return index;
  }
  return text.length;
}
