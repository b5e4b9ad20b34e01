import { type Pattern, parseWords } from '@paude/allowlist';

/** The patterns of words as an allowlist has them. */
export function patternsOf(...words: readonly string[]): readonly Pattern[] {
  return parseWords(words).rules.map(({ pattern }) => pattern);
}
