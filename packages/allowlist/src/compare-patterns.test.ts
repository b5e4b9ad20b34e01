import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { comparePatterns, compile, type Pattern, parseHost, parseWords } from './index.ts';

const pattern = (word: string): Pattern => {
  const found = parseWords([word]).rules[0]?.pattern;
  if (found === undefined) throw new Error(`no rule in ${word}`);
  return found;
};

const INVERSE = { covers: 'covered', covered: 'covers' } as const;
const inverse = (relation: string) =>
  relation in INVERSE ? INVERSE[relation as keyof typeof INVERSE] : relation;

describe('comparePatterns()', () => {
  it.each([
    ['a.example.com', 'a.example.com', 'equal'],
    ['a.example.com', 'b.example.com', 'disjoint'],
    ['.example.com', 'example.com', 'covers'],
    ['.example.com', 'a.example.com', 'covers'],
    ['.example.com', '*.example.com', 'covers'],
    ['.example.com', '**.example.com', 'covers'],
    ['.example.com', '.a.example.com', 'covers'],
    ['**.example.com', '*.example.com', 'covers'],
    ['**.example.com', '.a.example.com', 'covers'],
    ['**.example.com', 'example.com', 'disjoint'],
    ['*.example.com', 'a.example.com', 'covers'],
    ['*.example.com', 'a.b.example.com', 'disjoint'],
    ['*.example.com', '.a.example.com', 'overlaps'],
    ['*.example.com', '*.a.example.com', 'disjoint'],
    ['.example.com', '.example.org', 'disjoint'],
    ['.example.com', '.notexample.com', 'disjoint'],
    ['all', '.example.com', 'covers'],
    ['all', '10.0.0.0/8', 'covers'],
    ['all', '~^a$', 'covers'],
    ['all', 'all', 'equal'],
    ['10.0.0.0/8', '10.1.0.0/16', 'covers'],
    ['10.0.0.0/8', '10.0.0.0/8', 'equal'],
    ['10.0.0.0/8', '11.0.0.0/8', 'disjoint'],
    ['10.0.0.0/8', '[2001:db8::]/32', 'disjoint'],
    ['10.0.0.0/8', '.example.com', 'disjoint'],
    ['10.0.0.1', '~^[\\d.]+\\.10$', 'disjoint'],
    ['*-x.example.com', '*.example.com', 'covered'],
    ['*-x.example.com', '.example.com', 'covered'],
    ['*-x.example.com', '.example.org', 'disjoint'],
    ['*-x.example.com', 'a-x.example.com', 'covers'],
    ['*-x.example.com', 'a-y.example.com', 'disjoint'],
    ['*-x.example.com', 'a-*.example.com', 'overlaps'],
    ['[ab]?.example.com', 'a?.example.com', 'covers'],
    ['.x*.example.com', '**.x*.example.com', 'covers'],
    ['?*.example.com', '*.example.com', 'equal'],
    ['~^[a-z]+\\.example\\.com$', '*.example.com', 'covered'],
    ['~^[^.]+\\.example\\.com$', '*.example.com', 'equal'],
    ['~(?:^|\\.)example\\.com$', '.example.com', 'equal'],
    ['~example\\.com$', '.example.com', 'covers'],
    ['~\\.example\\.com$', '**.example.com', 'equal'],
    ['~^(?:a|b)\\.example\\.com$', 'a.example.com', 'covers'],
    ['~^A\\.Example\\.COM$', 'a.example.com', 'equal'],
    ['~^.\\.example\\.com$', '?.example.com', 'equal'],
    ['~^a\\Wb\\.example\\.com$', 'a-b.example.com', 'covers'],
    // Syntax that JavaScript would read in another way, or with another meaning: only the ending helps
    ['~^(?i:a)\\.example\\.com$', '.example.com', 'covered'],
    ['~^[[:alpha:]]\\.example\\.com$', '.example.com', 'covered'],
    ['~^[[:alpha:]]\\.example\\.com$', '.example.org', 'disjoint'],
    ['~^[[:alpha:]]\\.example\\.com$', 'a.example.com', 'unknown'],
    ['~^[a-z]*a[a-z]{40}\\.com$', '~^[a-z]*b[a-z]{40}\\.com$', 'unknown'],
    ['~^(?:^)*a\\.example\\.com$', 'a.example.com', 'unknown'],
  ])('%s and %s: %s', (a, b, expected) => {
    const relation = comparePatterns(pattern(a), pattern(b));
    expect(relation).toBe(expected);
    expect(comparePatterns(pattern(b), pattern(a))).toBe(inverse(expected));
  });

  // Few letters, so that patterns and names meet.
  const label = fc.constantFrom('a', 'b', 'ab', 'x1');
  const name = fc.array(label, { minLength: 2, maxLength: 4 }).map((labels) => labels.join('.'));
  const word = fc.oneof(
    fc.tuple(fc.constantFrom('', '.', '*.', '**.'), name).map((parts) => parts.join('')),
    fc
      .tuple(
        fc.constantFrom('', '.', '**.'),
        fc.array(fc.constantFrom('*', 'a*', '*b', '?', '[ab]', '[!a]*', 'x?'), {
          minLength: 1,
          maxLength: 2,
        }),
        fc.constantFrom('a.b', 'ab.x1', 'a.a.b'),
      )
      .map(([front, globs, tail]) => `${front}${globs.join('.')}.${tail}`),
    fc
      .tuple(
        fc.constantFrom('^', '', '(?:^|\\.)', '^(?:a|b)*', '^[^a]', '^\\w+'),
        fc.constantFrom('a', '.', '[ab]+', '\\.', 'x\\d?', '(?:a|b\\.)', '\\D'),
        fc.constantFrom('\\.a\\.b$', 'b$', '\\.x1$', 'a\\.?b$'),
      )
      .map((parts) => `~${parts.join('')}`),
  );

  it('says nothing that a name contradicts', () => {
    const host = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => parseHost(labels.join('.')));
    fc.assert(
      fc.property(word, word, fc.array(host, { minLength: 20, maxLength: 20 }), (a, b, hosts) => {
        const relation = comparePatterns(pattern(a), pattern(b));
        const [policyA, policyB] = [a, b].map((text) => compile(parseWords([text])));
        for (const candidate of hosts) {
          const inA = policyA?.decide(candidate, 443).result === 'allow';
          const inB = policyB?.decide(candidate, 443).result === 'allow';
          const context = `${a} ${relation} ${b}, on ${candidate}`;
          if (inA && inB)
            expect(['equal', 'covers', 'covered', 'overlaps', 'unknown'], context).toContain(relation);
          if (inA && !inB) expect(['covers', 'overlaps', 'disjoint', 'unknown'], context).toContain(relation);
          if (inB && !inA)
            expect(['covered', 'overlaps', 'disjoint', 'unknown'], context).toContain(relation);
        }
      }),
      { numRuns: 400 },
    );
  });
});
