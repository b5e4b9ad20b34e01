import { describe, expect, it } from 'vitest';
import { aliasNames, lint, lintReach, parseAllowlistFile, parseWords } from './index.ts';

const found = (words: readonly string[]): string[] =>
  lint(parseWords(words)).map(({ code, severity, rule, related }) =>
    [severity, code, rule.text, related?.text].filter((part) => part !== undefined).join(' '),
  );

describe('lint()', () => {
  it.each([
    [['.example.com', 'api.example.org'], []],
    // Repetitions and rules without effect
    [['a.com', 'A.com.'], ['warning duplicate-rule a.com a.com']],
    [['a.com', 'a.com:443'], ['info shadowed-rule a.com:443 a.com']],
    [['a.com:443', 'a.com'], ['info shadowed-rule a.com:443 a.com']],
    [['.a.com', 'x.a.com'], ['info shadowed-rule x.a.com .a.com']],
    [['x.a.com', '.a.com'], ['info shadowed-rule x.a.com .a.com']],
    [['**.a.com', '*.a.com', 'a.com'], ['info shadowed-rule *.a.com **.a.com']],
    [
      ['.a.com', '*.x.a.com', '**.y.a.com', '.z.a.com'],
      [
        'info shadowed-rule *.x.a.com .a.com',
        'info shadowed-rule **.y.a.com .a.com',
        'info shadowed-rule .z.a.com .a.com',
      ],
    ],
    [['.a.com', '*-x.a.com'], ['info shadowed-rule *-x.a.com .a.com']],
    [['*-x.a.com', 'b-x.a.com'], ['info shadowed-rule b-x.a.com *-x.a.com']],
    [['?*.a.com', '*.a.com'], ['info shadowed-rule *.a.com ?*.a.com']],
    [['~^[a-z]+\\.a\\.com$', 'b.a.com'], ['info shadowed-rule b.a.com ~^[a-z]+\\.a\\.com$']],
    [['*.a.com', '.x.a.com'], []],
    [['.a.com:8443', 'x.a.com'], []],
    [
      ['203.0.112.0/22', '203.0.113.7'],
      [
        'info special-use-address 203.0.112.0/22',
        'info special-use-address 203.0.113.7',
        'info shadowed-rule 203.0.113.7 203.0.112.0/22',
      ],
    ],
    [['a.com', '!a.com'], ['warning shadowed-rule a.com !a.com']],
    [['x.a.com', '!.a.com'], ['warning shadowed-rule x.a.com !.a.com']],
    [['a.com', '!a.com:443'], []],
    [['.a.com', '!x.a.com'], []],
    [['.a.com', '!x.a.com', '!.x.a.com'], ['info shadowed-rule !x.a.com !.x.a.com']],
    [['a.com', '!b.com'], ['info shadowed-rule !b.com']],
    [['a.com', '!.com'], ['warning shadowed-rule a.com !.com']],
    [['x.a.com', '!*.a.com:22'], []],
    [['a.com', '!10.0.0.0/8'], ['info shadowed-rule !10.0.0.0/8']],
    [['8.8.8.0/24', '!8.8.8.8', '!8.8.9.8'], ['info shadowed-rule !8.8.9.8']],
    [['8.8.8.8', '!8.8.8.0/24:22'], []],
    [['all', '!b.com'], ['warning allows-all all']],
    [['~^(?:a|b)$', '!c.com'], []],
    // Too wide
    [['all'], ['warning allows-all all']],
    [['all:443'], ['warning allows-all all:443']],
    [['all', 'a.com'], ['warning allows-all all']],
    [['.co.uk'], ['error public-suffix-wide .co.uk']],
    [['*.kawasaki.jp'], ['error public-suffix-wide *.kawasaki.jp']],
    [['*-x.co.uk'], ['error public-suffix-wide *-x.co.uk']],
    [['.example.co.uk'], []],
    [['~^.*\\.co\\.uk$'], ['error public-suffix-wide ~^.*\\.co\\.uk$']],
    [['~^(?:a|b)\\.co\\.uk$'], []],
    [
      ['~^[^.]+\\.(?:org|net)$'],
      ['error public-suffix-wide ~^[^.]+\\.(?:org|net)$', 'warning anyone-can-write ~^[^.]+\\.(?:org|net)$'],
    ],
    [['!.co.uk', 'a.co.uk:22'], ['warning shadowed-rule a.co.uk:22 !.co.uk']],
    [['a.com:*'], ['warning wide-port a.com:*']],
    [['a.com:{1000..1200}'], [expect.stringContaining('warning wide-port a.com:{1000,')]],
    [['8.0.0.0/8'], ['warning broad-address-range 8.0.0.0/8']],
    [['[2600::]/16'], ['warning broad-address-range [2600::]/16']],
    [['10.0.0.0/8'], ['info special-use-address 10.0.0.0/8']],
    [['[::1]'], ['info special-use-address [::1]']],
    [['~example\\.com$'], ['warning unanchored-expression ~example\\.com$']],
    [['~^a.example\\.com$'], ['warning unanchored-expression ~^a.example\\.com$']],
    [['~\\.example\\.com$'], []],
    [['~(?:^|\\.)example\\.com$'], []],
    [['~^a[.x]b.*\\.example\\.com$'], []],
    // Where anyone can write
    [['gist.github.com'], ['warning anyone-can-write gist.github.com']],
    [['.github.com'], ['warning anyone-can-write .github.com']],
    [['.github.com', '!gist.github.com'], ['info anyone-can-write .github.com']],
    [['.googleapis.com'], ['warning anyone-can-write .googleapis.com']],
    [['*.ngrok.app'], ['warning anyone-can-write *.ngrok.app']],
    [['team.ngrok.app'], []],
    [['*hook.site.example.com'], []],
    [['github.com'], ['info anyone-can-write github.com']],
  ])('%j: %j', (words, expected) => {
    expect(found(words).filter((line) => !/^warning public-suffix-wide \*\.ngrok/.test(line))).toEqual(
      expected,
    );
  });

  it.each(aliasNames().filter((name) => name !== 'googleapis'))(
    'the alias %s has nothing to warn of',
    (name) => {
      expect(found([name]).filter((line) => !line.startsWith('info anyone-can-write'))).toEqual([]);
    },
  );

  it('does not tell of what aliases share, nor of an alias that its user says more than', () => {
    const codes = (words: string[]) => found(words).filter((line) => !line.includes('anyone-can-write'));
    expect(codes(['vertexai', 'gemini'])).toEqual([]);
    expect(codes(['github', '.github.com', '!gist.github.com'])).toEqual([]);
    expect(codes(['github', 'github.com'])).toEqual(['info duplicate-rule github.com github.com']);
  });

  it('tells of rules that have expired, and takes nothing from them', () => {
    const list = parseAllowlistFile('- { allow: .a.com, expires: 2030-01-01 }\n- x.a.com\n', { path: 'x' });
    expect(lint(list, { atMs: Date.parse('2031-01-01') })).toEqual([
      {
        code: 'expired-rule',
        severity: 'warning',
        rule: list.rules[0],
        message: '.a.com expired on 2030-01-02T00:00:00.000Z and no longer counts',
        remedy: 'Remove it, or give it a new date',
      },
    ]);
    // While both hold, the lasting one is not covered by the one that ends.
    expect(lint(list, { atMs: 0 })).toEqual([]);
  });

  it('says what is wrong and what to do', () => {
    const [finding] = lint(parseWords(['x.a.com', '!.a.com']));
    expect(finding?.message).toBe('x.a.com never allows anything: !.a.com denies all of it');
    expect(finding?.remedy).toBe('Remove one of the two, or narrow the deny');
  });

  it('lints ten thousand rules in a bounded time', () => {
    const words = Array.from({ length: 10_000 }, (_, index) =>
      index % 10 === 0 ? `!10.${index % 256}.${index % 7}.0/24` : `.x${index}.example${index % 97}.com`,
    );
    const start = performance.now();
    lint(parseWords([...words, ...words, '8.0.0.0/16', 'a*.example.com']));
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

describe('lintReach()', () => {
  it('finds what a rule opens, and leaves out what has no effect', () => {
    const allowlist = parseWords(['a.com', 'a.com', 'webhook.site', 'b.com:*', '!c.com', 'all']);
    expect(lintReach(allowlist).map(({ code, rule }) => `${code} ${rule.text}`)).toEqual([
      'anyone-can-write webhook.site',
      'wide-port b.com:*',
      'allows-all all',
    ]);
    expect(lint(allowlist).filter(({ code }) => code === 'duplicate-rule')).toHaveLength(1);
  });
});
