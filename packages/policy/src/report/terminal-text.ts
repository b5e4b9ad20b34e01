const MAX_SHOWN = 2000;

/**
 * Text for a terminal: names come from clusters and logs, and may hold what moves the cursor, changes the direction of text
 * or breaks the line. That is escaped, and what is too long is cut.
 */
export function terminalText(text: string): string {
  const shown = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
  return shown.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => {
    const codePoint = character.codePointAt(0) ?? 0;
    return codePoint > 0xffff
      ? `\\u{${codePoint.toString(16)}}`
      : `\\u${codePoint.toString(16).padStart(4, '0')}`;
  });
}

/** One cell of a table; the style is put on when its width is known. */
export interface Cell {
  readonly text: string;
  readonly style?: (text: string) => string;
}

/** A column is never made wider than this; what is longer pushes its own line. */
const MAX_WIDTH = 60;

/** Lines with their columns aligned; the last column is as long as it likes. */
export function textTable(rows: readonly (readonly Cell[])[]): string[] {
  const safe = rows.map((row) => row.map((cell) => ({ ...cell, text: terminalText(cell.text) })));
  const columns = Math.max(0, ...safe.map(({ length }) => length));
  const widths = Array.from({ length: columns }, (_, column) =>
    safe.reduce((width, row) => Math.max(width, Math.min(row[column]?.text.length ?? 0, MAX_WIDTH)), 0),
  );
  return safe.map((row) =>
    row
      .map(({ text, style }, column) => {
        const padded = column === row.length - 1 ? text : text.padEnd(widths[column] ?? 0);
        return style === undefined ? padded : style(padded);
      })
      .join('  ')
      .trimEnd(),
  );
}
