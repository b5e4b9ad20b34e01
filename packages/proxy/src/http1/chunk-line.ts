/** The line in front of a chunk may be this long, with its extensions. */
export const MAX_CHUNK_LINE_BYTES = 1024;

// RFC 9112 §7.1, without the space that it calls bad: digits, then extensions of a name and perhaps a value.
const CHUNK_LINE =
  /^([\da-fA-F]{1,13})(?:;[!#$%&'*+\-.^_`|~\dA-Za-z]+(?:=(?:[!#$%&'*+\-.^_`|~\dA-Za-z]+|"(?:[\t !#-[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"))?)*$/;
const BEGINNING = /^[\da-fA-F]{1,13}(?:;[\t\x20-\x7e\x80-\xff]*)?$/;

/**
 * The size in the line in front of a chunk, without its CR LF; undefined when it is none. Sizes stay below 2^52, which
 * every reader can hold.
 */
export function parseChunkLine(line: string): number | undefined {
  const [, digits] = CHUNK_LINE.exec(line) ?? [];
  return digits === undefined ? undefined : Number.parseInt(digits, 16);
}

/** Whether such a line may begin so. */
export function mayBeginChunkLine(text: string): boolean {
  return text === '' || BEGINNING.test(text);
}
