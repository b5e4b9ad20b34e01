/** A table of a Markdown document: its rows without the header, each a list of cells as they are written. */
export type Table = readonly (readonly string[])[];

/**
 * The table whose header begins with these cells.
 *
 * @throws Error when the document has no such table.
 */
export function tableOf(markdown: string, header: readonly string[]): Table {
  const lines = markdown.split('\n');
  const start = lines.findIndex((line) => header.every((cell, index) => cellsOf(line)[index] === cell));
  if (start < 0) throw new Error(`There is no table with the header ${header.join(', ')}`);
  const rest = lines.slice(start + 2);
  const end = rest.findIndex((line) => !line.startsWith('|'));
  return rest.slice(0, end < 0 ? undefined : end).map(cellsOf);
}

/** What stands in backticks in these cells. */
export function codeIn(...cells: readonly (string | undefined)[]): readonly string[] {
  return cells.flatMap((cell) => [...(cell ?? '').matchAll(/`([^`]+)`/g)].map(([, code = '']) => code));
}

function cellsOf(line: string): readonly string[] {
  if (!line.startsWith('|')) return [];
  return line
    .replace(/^\||\|$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());
}
