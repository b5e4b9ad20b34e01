import { splitWords } from '@paude/allowlist';
import { nearest, PaudeError } from '@paude/errors';

/** Words as the flags name them; commas separate them. */
export interface WordChanges {
  readonly add?: readonly string[] | undefined;
  readonly remove?: readonly string[] | undefined;
  readonly replace?: readonly string[] | undefined;
}

/**
 * The words of an allowlist after a change.
 *
 * @throws PaudeError `word-missing` for one that is to be removed and is not there: what it stands for could stay allowed.
 */
export function changedWords(
  before: readonly string[],
  { add = [], remove = [], replace }: WordChanges,
): readonly string[] {
  const removed = remove.flatMap(splitWords);
  const start = replace?.flatMap(splitWords) ?? before;
  const missing = removed.find((word) => !start.includes(word));
  if (missing !== undefined) {
    const meant = nearest(missing, start);
    throw new PaudeError('word-missing', {
      action: 'take from the allowed domains',
      input: missing,
      why: 'it does not stand there as a word of its own',
      remedy:
        meant === undefined
          ? `Write one of ${start.join(', ')}, or deny it with --add '!${missing}'`
          : `Write ${meant}`,
    });
  }
  const kept = start.filter((word) => !removed.includes(word));
  return [...new Set([...kept, ...add.flatMap(splitWords)])];
}
