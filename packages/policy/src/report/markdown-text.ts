import { terminalText } from './terminal-text.ts';

/**
 * Text from anywhere as code: there no HTML, mention, link, image or emphasis works. A pipe would end the cell of a table even
 * inside of code, and escaping it is read differently from place to place: it stands outside, as a character reference.
 */
export function markdownCode(text: string): string {
  return terminalText(text).split('|').map(codeSpan).join('&#124;');
}

/** A sentence: plain words stay as they are, everything else becomes code. */
export function markdownProse(text: string): string {
  return terminalText(text)
    .split(' ')
    .map((token) => {
      const [, open = '', word = '', close = ''] = /^(\(?)(.*?)([),.;:]*)$/u.exec(token) ?? [];
      return PLAIN_WORD.test(word) ? token : `${open}${markdownCode(word)}${close}`;
    })
    .join(' ');
}

/** Letters alone cannot be read as anything else. */
const PLAIN_WORD = /^(?:[A-Za-z]+(?:['’-][A-Za-z]+)*)?$/;

/** A table; cells are markdown already. */
export function markdownTable(rows: readonly (readonly string[])[]): string[] {
  const [heading = [], ...rest] = rows;
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(heading), line(heading.map(() => '---')), ...rest.map(line)];
}

function codeSpan(text: string): string {
  const shown = text.trim();
  if (shown === '') return '';
  const longest = Math.max(0, ...[...shown.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = longest > 0 ? ' ' : '';
  return `${fence}${pad}${shown}${pad}${fence}`;
}
