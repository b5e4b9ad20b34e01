const MAX_SHOWN = 200;

/**
 * Quotes untrusted text for a message or a log line: control characters (terminal escapes, newlines) and characters
 * that change the direction of text are escaped, and what is too long is cut.
 */
export function quoteInput(input: string): string {
  const shown = input.length > MAX_SHOWN ? `${input.slice(0, MAX_SHOWN)}…` : input;
  return `"${shown.replace(/["\\\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, escapeCharacter)}"`;
}

function escapeCharacter(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`;
  const codePoint = character.codePointAt(0) ?? 0;
  return codePoint > 0xffff
    ? `\\u{${codePoint.toString(16)}}`
    : `\\u${codePoint.toString(16).padStart(4, '0')}`;
}
