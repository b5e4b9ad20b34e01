import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, it } from 'vitest';
import { globSource } from './glob.ts';
import { parseWords } from './index.ts';
import { nameMatcher } from './matcher.ts';

const matcherOf = (word: string) => {
  const pattern = parseWords([word]).rules[0]?.pattern;
  if (pattern?.kind !== 'glob' && pattern?.kind !== 'expression') throw new Error(`no matcher in ${word}`);
  return { pattern, matches: nameMatcher(pattern) };
};

const accepted = (word: string): boolean => {
  try {
    return parseWords([word]).rules.length > 0;
  } catch {
    return false;
  }
};

// Few letters, so that expressions and names meet.
const name = fc.string({
  unit: fc.constantFrom('a', 'b', 'x', '1', '.', '-', '.a.b'),
  minLength: 1,
  maxLength: 8,
});

describe('nameMatcher()', () => {
  it('of an expression is what the engine says: comparing literal ends first changes nothing', () => {
    const piece = fc.constantFrom(
      ...[
        'a',
        'b',
        'A',
        'x',
        '\\.',
        '\\-',
        '.',
        '\\d',
        '\\w',
        '\\b',
        '[ab]',
        '[^a]',
        '[]a]',
        '(?:a|b)',
        '(a)',
        '(?i)',
        '(?i:A)',
      ],
      ...[
        '*',
        '+',
        '?',
        '{2}',
        '{1,}',
        '{0,1}',
        '|',
        '^',
        '$',
        '(?:',
        ')',
        '\\x61',
        '\\pL',
        '\\141',
        '[[:alpha:]]',
        '-',
        '1',
      ],
    );
    const word = fc
      .tuple(
        fc.constantFrom('^', '', '^a', '^a-'),
        fc.array(piece, { maxLength: 6 }),
        fc.constantFrom('$', 'b$', '\\.a\\.b$', 'a?$'),
      )
      .map(([head, pieces, tail]) => `~${head}${pieces.join('')}${tail}`)
      .filter(accepted);
    fc.assert(
      fc.property(word, fc.array(name, { minLength: 30, maxLength: 30 }), (text, names) => {
        const { pattern, matches } = matcherOf(text);
        const engine = RE2JS.compile(text.slice(1), RE2JS.CASE_INSENSITIVE);
        for (const candidate of names) {
          expect(matches(candidate), `${text} on ${candidate}`).toBe(engine.test(candidate));
          const ending = pattern.kind === 'expression' ? pattern.suffix : '';
          if (ending !== '' && engine.test(candidate))
            expect(candidate.endsWith(`.${ending}`), text).toBe(true);
        }
      }),
      { numRuns: 1500 },
    );
  });

  it('of a glob is what its expression says in JavaScript too', () => {
    const word = fc
      .tuple(
        fc.constantFrom('', '.', '**.'),
        fc.array(fc.constantFrom('*', 'a*', '*a', 'a*b', '?', '[ab]', '[!a]x', 'a', '*-*', '??*'), {
          minLength: 1,
          maxLength: 3,
        }),
        fc.constantFrom('a.b', 'b.a.b'),
      )
      .map(([front, labels, tail]) => `${front}*.${labels.join('.')}.${tail}`)
      .filter((text) => parseWords([text]).rules[0]?.pattern.kind === 'glob');
    fc.assert(
      fc.property(word, fc.array(name, { minLength: 30, maxLength: 30 }), (text, names) => {
        const { pattern, matches } = matcherOf(text);
        if (pattern.kind !== 'glob') return;
        const engine = new RegExp(globSource(pattern));
        for (const candidate of names)
          expect(matches(candidate), `${text} on ${candidate}`).toBe(engine.test(candidate));
      }),
      { numRuns: 1000 },
    );
  });

  it('ten thousand globs or expressions under one domain do not make a decision slow', () => {
    const words = Array.from({ length: 10_000 }, (_, index) =>
      index % 2 === 0 ? `*-p${index}.run.example.com` : `~^p${index}-\\d+\\.run\\.example\\.com$`,
    );
    const matchers = words.map((word) => matcherOf(word).matches);
    const start = performance.now();
    for (let round = 0; round < 10; round++) matchers.some((matches) => matches('us-q.run.example.com'));
    expect(performance.now() - start).toBeLessThan(200);
  });
});
