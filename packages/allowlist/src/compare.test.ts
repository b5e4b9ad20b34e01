import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Allowlist,
  compareAllowlists,
  compile,
  type Difference,
  isWider,
  parseAllowlistFile,
  parseHost,
  parseWords,
} from './index.ts';

const told = (before: Allowlist, after: Allowlist): string[] => {
  const { widened, narrowed, undecided } = compareAllowlists(before, after);
  return [
    ...widened.map(
      ({ rule, witness, change }) => `+ ${rule.text} ${witness}${change === 'tls' ? ' tls' : ''}`,
    ),
    ...narrowed.map(
      ({ rule, witness, change }) => `- ${rule.text} ${witness}${change === 'tls' ? ' tls' : ''}`,
    ),
    ...undecided.map(({ rule }) => `? ${rule.text}`),
  ];
};

describe('compareAllowlists()', () => {
  it.each([
    [['.example.com'], ['.example.com'], []],
    [['.example.com', 'a.example.com'], ['.example.com'], []],
    [['.example.com'], ['example.com', '**.example.com'], []],
    [['{a,b}.example.com'], ['b.example.com', 'a.example.com'], []],
    [['10.0.0.0/8'], ['10.0.0.0/9', '10.128.0.0/9'], []],
    [['a.com:{80,443}'], ['a.com'], []],
    [['a.com'], ['a.com', '!b.com'], []],
    [[], ['!b.com'], []],
    [[], ['a.com'], ['+ a.com a.com:443']],
    [['a.com'], [], ['- a.com a.com:443']],
    [['.example.com'], ['*.example.com'], ['- .example.com example.com:443']],
    [['*.example.com'], ['**.example.com'], ['+ **.example.com x.x.example.com:443']],
    [['a.com'], ['a.com:*'], ['+ a.com:* a.com:10000']],
    [['a.com'], ['a.com:443'], ['- a.com a.com:80']],
    [['a.com:8443'], ['a.com:9443'], ['+ a.com:9443 a.com:9443', '- a.com:8443 a.com:8443']],
    [['.a.com', '!x.a.com'], ['.a.com'], ['+ .a.com x.a.com:443']],
    [['.a.com', '!x.a.com'], ['.a.com', '!.x.a.com'], ['- .a.com x1.x.a.com:443']],
    [['all', '!a.com:22'], ['all'], ['+ all a.com:22']],
    [['10.0.0.0/8'], ['10.0.0.0/8', '11.0.0.0/8'], ['+ 11.0.0.0/8 11.0.0.0:443']],
    [['10.0.0.0/7'], ['10.0.0.0/8'], ['- 10.0.0.0/7 11.0.0.0:443']],
    [['[2001:db8::]/32'], ['[2001:db8::]/33'], ['- [2001:db8::]/32 [2001:db8:8000::]:443']],
    // An address denied inside of other addresses
    [['[64:ff9b::]/96', '!10.0.0.0/8'], ['[64:ff9b::]/96'], ['+ [64:ff9b::]/96 [64:ff9b::a00:0]:443']],
    // Globs and expressions
    [['a*.example.com', 'b*.example.com'], ['[ab]*.example.com'], []],
    [['~(?:^|\\.)example\\.com$'], ['.example.com'], []],
    [['*-x.example.com', '.example.com'], ['.example.com'], []],
    [['*-x.example.com'], ['*.example.com'], ['+ *.example.com a.example.com:443']],
    [['.example.com'], ['.example.com', '!*-x.example.com'], ['- .example.com a-x.example.com:443']],
    [['a-*.example.com', '!*-b.example.com'], ['a-*.example.com'], ['+ a-*.example.com a-b.example.com:443']],
    [['a-*.example.com', '!b-*.example.com'], ['a-*.example.com'], []],
    [
      ['*.b.example.com', '*-x.example.com'],
      ['*.b.example.com', '*-x.example.com', 'b.example.com'],
      ['+ b.example.com b.example.com:443'],
    ],
    [
      ['~^a-\\d\\.example\\.com$:8443'],
      ['a-1.example.com'],
      ['+ a-1.example.com a-1.example.com:443', '- ~^a-\\d\\.example\\.com$:8443 a-0.example.com:8443'],
    ],
    [['~^(?i:a)\\.example\\.com$'], ['a.example.com'], ['? ~^(?i:a)\\.example\\.com$']],
  ])('%j to %j: %j', (before, after, expected) => {
    expect(told(parseWords(before), parseWords(after))).toEqual(expected);
  });

  it('names the ports, both decisions, and whether every other port differs as well', () => {
    const { widened } = compareAllowlists(parseWords(['a.com:80']), parseWords(['a.com:*', '!a.com:22']));
    expect(widened).toEqual([
      expect.objectContaining({ change: 'reach', witness: 'a.com:443', ports: [443], everyOtherPort: true }),
    ]);
    expect(widened[0]?.before).toMatchObject({ result: 'deny', reason: 'port-not-allowed' });
    expect(widened[0]?.after).toMatchObject({ result: 'allow', rule: { text: 'a.com:*' } });
  });

  it('names each deny that alone makes a difference, and none where the other side would deny all the same', () => {
    const denials = (before: string[], after: string[]) => {
      const { widened, narrowed } = compareAllowlists(parseWords(before), parseWords(after));
      return [...widened, ...narrowed].map(({ rule, denial }) => `${rule.text} ${denial?.text ?? '-'}`);
    };
    expect(denials(['all', '!a.com', '!b.com'], ['all'])).toEqual(['all !a.com', 'all !b.com']);
    expect(denials(['all'], ['all', '!a.com', '!b.com'])).toEqual(['all !a.com', 'all !b.com']);
    expect(denials(['b.com', '!.a.com'], ['b.com', 'x.a.com'])).toEqual(['x.a.com -']);
    expect(denials(['x.a.com', '!.a.com'], ['.a.com'])).toEqual(['.a.com -', '.a.com !.a.com']);
    expect(denials(['.n-*.a.com', '!.x.n-1.a.com', '!.y.n-1.a.com'], ['.n-*.a.com'])).toEqual([
      '.n-*.a.com !.x.n-1.a.com',
      '.n-*.a.com !.y.n-1.a.com',
    ]);
  });

  it('default ports count', () => {
    expect(told(parseWords(['a.com']), parseWords(['a.com'], { extraPorts: [8443] }))).toEqual([
      '+ a.com a.com:8443',
    ]);
  });

  it('tls: any is wider than sni', () => {
    const list = (tls: string) => parseAllowlistFile(`- { allow: a.com, tls: ${tls} }`, { path: 'x' });
    expect(told(list('sni'), list('any'))).toEqual(['+ a.com a.com:443 tls']);
    expect(told(list('any'), list('sni'))).toEqual(['- a.com a.com:443 tls']);
    expect(told(list('any'), list('any'))).toEqual([]);
    const glob = (tls: string) => parseAllowlistFile(`- { allow: "a*.b.com", tls: ${tls} }`, { path: 'x' });
    expect(told(glob('sni'), glob('any'))).toEqual(['? a*.b.com']);
    expect(told(glob('any'), glob('any'))).toEqual([]);
  });

  it('expired rules do not count', () => {
    const list = parseAllowlistFile('- { allow: a.com, expires: 2030-01-01 }', { path: 'x' });
    const atMs = Date.parse('2031-01-01');
    expect(compareAllowlists(parseWords([]), list, { atMs }).widened).toEqual([]);
    expect(compareAllowlists(parseWords([]), list).widened).toHaveLength(1);
  });

  it('compares ten thousand rules with ten thousand others in a bounded time', () => {
    const words = (stars: number) =>
      Array.from(
        { length: 10_000 },
        (_, index) => `${index % stars === 0 ? '*' : ''}.x${index}.example${index % 97}.com`,
      );
    const [before, after] = [parseWords(words(1000)), parseWords(words(500))];
    const start = performance.now();
    expect(compareAllowlists(before, after).narrowed).toHaveLength(10);
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

describe('isWider()', () => {
  it.each([
    [['.a.com'], ['a.com'], true],
    [['a.com'], ['.a.com'], false],
    [['a.com'], ['a.com'], false],
    [['a.com'], ['a.com', '!a.com'], true],
    [['~^(?i:a)\\.a\\.com$'], ['b.com'], 'unknown'],
    [['b.com', '~^(?i:a)\\.a\\.com$'], [], true],
  ])('%j than %j: %s', (a, b, expected) => {
    expect(isWider(parseWords(a), parseWords(b))).toBe(expected);
  });
});

describe('compareAllowlists() on any two lists', () => {
  const label = fc.constantFrom('a', 'b', 'ab', 'x1');
  const name = fc.array(label, { minLength: 2, maxLength: 4 }).map((labels) => labels.join('.'));
  const pattern = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.tuple(fc.constantFrom('', '.', '*.', '**.'), name).map((parts) => parts.join('')),
    },
    {
      weight: 2,
      arbitrary: fc.constantFrom('10.0.0.0/8', '10.0.0.0/9', '10.0.0.1', '[64:ff9b::]/96', '[2001:db8::]/32'),
    },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        '*b.a.b',
        'a*.a.b',
        '*.?.a.b',
        '**.a*.a.b',
        '[ab].ab.x1',
        '~\\.a\\.b$',
        '~^[ab]+\\.a\\.b$',
        '~^a.*x1$',
      ),
    },
    { weight: 1, arbitrary: fc.constantFrom('all') },
  );
  const word = fc
    .tuple(fc.constantFrom('', '', '!'), pattern, fc.constantFrom('', '', ':*', ':22', ':{443,8443}'))
    .map((parts) => parts.join(''));
  const words = fc.array(word, { maxLength: 6 });
  const host = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.')),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '10.0.0.1',
        '10.200.0.1',
        '11.0.0.1',
        '::1',
        '64:ff9b::a00:1',
        '64:ff9b::808:808',
        '2001:db8::1',
      ),
    },
  );
  const target = fc.tuple(host.map(parseHost), fc.constantFrom(22, 80, 443, 8443, 9));

  it('every witness holds, and no target differs that is not told', () => {
    fc.assert(
      fc.property(words, words, fc.array(target, { minLength: 30, maxLength: 30 }), (a, b, targets) => {
        const [before, after] = [parseWords(a), parseWords(b)];
        const { widened, narrowed, undecided } = compareAllowlists(before, after);
        const [policyA, policyB] = [compile(before), compile(after)];
        for (const difference of [...widened, ...narrowed]) {
          const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(difference.witness) ?? [];
          expect(policyA.decide(parseHost(host), Number(port))).toEqual(difference.before);
          expect(policyB.decide(parseHost(host), Number(port))).toEqual(difference.after);
          expect(difference.before.result).not.toBe(difference.after.result);
        }
        for (const [candidate, port] of targets) {
          const allowedBefore = policyA.decide(candidate, port).result === 'allow';
          const allowedAfter = policyB.decide(candidate, port).result === 'allow';
          const context = `${a.join(' ')} to ${b.join(' ')}, on ${candidate}:${port}`;
          if (allowedAfter && !allowedBefore)
            expect(widened.length + undecided.length, context).toBeGreaterThan(0);
          if (allowedBefore && !allowedAfter)
            expect(narrowed.length + undecided.length, context).toBeGreaterThan(0);
        }
        expect(undecided).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('the other way round, what was wider is narrower, with the same witnesses', () => {
    const shown = (differences: readonly Difference[]) =>
      differences
        .map(({ rule, change, witness, ports, everyOtherPort, denial }) =>
          [rule.text, change, witness, ports.join(), everyOtherPort, denial?.text].join(' '),
        )
        .sort();
    fc.assert(
      fc.property(words, words, (a, b) => {
        const there = compareAllowlists(parseWords(a), parseWords(b));
        const back = compareAllowlists(parseWords(b), parseWords(a));
        expect(shown(there.widened)).toEqual(shown(back.narrowed));
        expect(shown(there.narrowed)).toEqual(shown(back.widened));
      }),
      { numRuns: 300 },
    );
  });
});
