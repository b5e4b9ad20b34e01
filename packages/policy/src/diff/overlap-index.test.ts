import { comparePatterns, parseWords } from '@paude/allowlist';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OverlapIndex } from './overlap-index.ts';

const find = (rules: readonly string[], word: string): string | undefined => {
  const [asked] = parseWords([word]).rules;
  if (asked === undefined) throw new Error(`no rule in ${word}`);
  return new OverlapIndex(parseWords(rules).rules).find(asked.pattern)?.text;
};

describe('OverlapIndex', () => {
  it.each([
    [['.a.com'], 'x.y.a.com', '.a.com'],
    [['x.y.a.com'], '.a.com', 'x.y.a.com'],
    [['a-b.com', 'xa.com'], '.a.com', undefined],
    [['.com.example.org'], 'example.org', undefined],
    [['*.a.com'], 'x.y.a.com', undefined],
    [['all'], 'a.com', 'all'],
    [['b.com'], 'all', 'b.com'],
    [[], 'all', undefined],
    [['10.0.0.0/8'], '10.1.0.0/16', '10.0.0.0/8'],
    [['10.1.0.0/16'], '10.0.0.0/8', '10.1.0.0/16'],
    [['11.0.0.0/8', '9.255.0.0/16'], '10.0.0.0/8', undefined],
    [['[2001:db8::]/32'], '[2001:db8::7]', '[2001:db8::]/32'],
    [['[2001:db8::]/32'], '32.1.13.184', undefined],
    [['~^[a-z]+\\.a\\.com$'], 'b.a.com', '~^[a-z]+\\.a\\.com$'],
  ])('of %j, what has something in common with %s: %s', (rules, word, expected) => {
    expect(find(rules, word)).toBe(expected);
  });

  it('finds a rule if and only if comparing with each would', () => {
    const name = fc
      .array(fc.constantFrom('a', 'b', 'ab'), { minLength: 2, maxLength: 4 })
      .map((labels) => labels.join('.'));
    const word = fc.oneof(
      fc.tuple(fc.constantFrom('', '.', '*.', '**.', 'a*.'), name).map((parts) => parts.join('')),
      fc.constantFrom(
        '10.0.0.0/8',
        '10.0.0.0/9',
        '10.128.0.0/9',
        '10.0.0.1',
        '11.0.0.0/8',
        '[2001:db8::]/32',
      ),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), word, (rules, asked) => {
        const [rule] = parseWords([asked]).rules;
        const akin = parseWords(rules).rules.filter(
          ({ pattern }) => rule !== undefined && comparePatterns(pattern, rule.pattern) !== 'disjoint',
        );
        const found = find(rules, asked);
        expect(akin.length > 0, `${rules.join(' ')} and ${asked}`).toBe(found !== undefined);
        if (found !== undefined) expect(akin.map(({ text }) => text)).toContain(found);
      }),
      { numRuns: 400 },
    );
  });
});
