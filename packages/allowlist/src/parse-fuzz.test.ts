import { PaudeError } from '@paude/errors';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseWords, type Rule } from './index.ts';

/** Texts near the grammar: random text alone would never get past the first check. */
const nearWord = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: fc.constantFrom(...'aB1.*-?[]{},!~^$()|\\:/0 _ü$com'), maxLength: 30 }),
  fc
    .tuple(
      fc.constantFrom('', '!', '.', '*.', '**.', '!*.', '{a,b}.', 'x*.', '[a-f]?.'),
      fc.domain(),
      fc.constantFrom('', '.', ':443', ':*', ':{1,2}', '/24', '$'),
    )
    .map((parts) => parts.join('')),
  fc
    .tuple(
      fc.constantFrom('~', '!~', '~^'),
      fc.string({ unit: fc.constantFrom(...'ab.\\d+*?()[]|$^{1,}x'), maxLength: 20 }),
      fc.constantFrom('$', '', '$:80'),
    )
    .map((parts) => parts.join('')),
);

describe('parseWords() on anything', () => {
  it('throws nothing but PaudeError, and what it accepts is canonical', () => {
    fc.assert(
      fc.property(nearWord, (word) => {
        let rules: readonly Rule[];
        try {
          ({ rules } = parseWords([word]));
        } catch (error) {
          expect(error).toBeInstanceOf(PaudeError);
          return;
        }
        for (const { text, effect, pattern, ports } of rules) {
          expect(parseWords([text]).rules).toEqual([
            { text, effect, pattern, ports, tls: 'sni', source: { word: text } },
          ]);
        }
      }),
      { numRuns: 5000 },
    );
  });
});
