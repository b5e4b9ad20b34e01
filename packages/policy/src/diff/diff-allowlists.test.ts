import { type Allowlist, compile, parseAllowlistFile, parseHost, parseWords } from '@paude/allowlist';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffAllowlists } from './diff-allowlists.ts';
import type { DiffRow } from './row.ts';

const options = { atMs: 0, layer: 'allowlist' };

const rowsOf = (from: Allowlist, to: Allowlist): DiffRow[] =>
  diffAllowlists({ name: 'FROM', allowlist: from }, { name: 'TO', allowlist: to }, options);

const told = (from: readonly string[], to: readonly string[]): string[] =>
  rowsOf(parseWords(from), parseWords(to)).map(({ change, code, rule, risk }) =>
    [change, code, rule, risk].join(' '),
  );

describe('diffAllowlists()', () => {
  it.each([
    // Nothing changes, however it is written
    [['.a.com'], ['.a.com'], []],
    [['.a.com'], ['a.com', '**.a.com'], []],
    [['.a.com'], ['.a.com', 'x.a.com'], []],
    [['a.com'], ['a.com', '!b.com'], []],
    [['{a,b}.x.com'], ['b.x.com', 'a.x.com'], []],
    // Added: nothing in common with what was there
    [[], ['a.com'], ['added rule-added a.com low']],
    [['b.com'], ['b.com', 'a.com'], ['added rule-added a.com low']],
    [['*.a.com'], ['*.a.com', 'a.com'], ['added rule-added a.com low']],
    [['a.com'], ['a.com', '.x.a.com'], ['added rule-added .x.a.com low']],
    [['10.0.0.0/8'], ['10.0.0.0/8', '11.0.0.0/8'], ['added rule-added 11.0.0.0/8 high']],
    [[], ['all'], ['added rule-added all high']],
    // A deny that covered it does not make it any less new
    [['b.com', '!.a.com'], ['b.com', 'x.a.com'], ['added rule-added x.a.com low']],
    // Widened: names, ports, denies
    [['a.com'], ['.a.com'], ['widened rule-widened .a.com low']],
    [['*.a.com'], ['**.a.com'], ['widened rule-widened **.a.com low']],
    [['n-1.a.com'], ['n-?.a.com'], ['widened rule-widened n-?.a.com low']],
    [['10.0.0.0/8'], ['10.0.0.0/7'], ['widened rule-widened 10.0.0.0/7 high']],
    [['a.com'], ['all'], ['widened rule-widened all high']],
    [['a.com'], ['a.com:{80,443,8443}'], ['widened port-added a.com:{80,443,8443} medium']],
    [['a.com'], ['a.com', 'a.com:22'], ['widened port-added a.com:22 medium']],
    [['.a.com', '!x.a.com'], ['.a.com'], ['widened deny-removed !x.a.com medium']],
    [['all', '!webhook.site'], ['all'], ['widened deny-removed !webhook.site high']],
    [
      ['all', '!a.com', '!b.com'],
      ['all'],
      ['widened deny-removed !a.com medium', 'widened deny-removed !b.com medium'],
    ],
    // Removed and narrowed: nothing becomes reachable
    [['a.com'], [], ['removed rule-removed a.com none']],
    [['all'], ['a.com'], ['narrowed rule-narrowed all none']],
    [['.a.com'], ['*.a.com'], ['narrowed rule-narrowed .a.com none']],
    [['a.com:*'], ['a.com'], ['narrowed port-removed a.com:* none']],
    [['.a.com'], ['.a.com', '!x.a.com'], ['narrowed deny-added !x.a.com none']],
    // Both at once
    [
      ['a.com:8443'],
      ['a.com:9443'],
      ['widened port-added a.com:9443 medium', 'narrowed port-removed a.com:8443 none'],
    ],
    [['a.com'], ['b.com'], ['added rule-added b.com low', 'removed rule-removed a.com none']],
    // What cannot be told is a row
    [['~^(?i:a)\\.a\\.com$'], ['a.a.com'], ['undecided rule-undecided ~^(?i:a)\\.a\\.com$ medium']],
  ])('%j to %j: %j', (from, to, expected) => {
    expect(told(from, to)).toEqual(expected);
  });

  it('says why in one sentence, where both stand, and on which target they differ', () => {
    const file = (text: string, path: string) => parseAllowlistFile(text, { path });
    const [row] = rowsOf(file('- a.com\n- b.com', 'old.yaml'), file('- b.com\n- .a.com', 'new.yaml'));
    expect(row).toEqual({
      change: 'widened',
      code: 'rule-widened',
      rule: '.a.com',
      layer: 'allowlist',
      ports: [80, 443],
      everyOtherPort: false,
      risk: 'low',
      why: 'x.a.com:443 is now allowed: TO has .a.com, FROM has a.com.',
      from: { text: 'old.yaml:1', file: 'old.yaml', line: 1 },
      to: { text: 'new.yaml:2', file: 'new.yaml', line: 2 },
      witness: 'x.a.com:443',
    });
  });

  it('says what data could leave by', () => {
    const [row] = rowsOf(parseWords([]), parseWords(['webhook.site']));
    expect(row?.why).toMatch(/^webhook\.site:443 is now allowed: .*; .*records whatever is sent to it\.$/);
  });

  it('names the alias that a rule comes from', () => {
    const rows = rowsOf(parseWords([]), parseWords(['python']));
    expect(rows.map(({ to }) => to?.text)).toContain('word python');
    expect(rows.map(({ to }) => to?.alias)).toContain('python');
  });

  it('tls: any is wider than sni, and never a small thing', () => {
    const list = (tls: string) => parseAllowlistFile(`- { allow: a.com, tls: ${tls} }`, { path: 'x' });
    expect(rowsOf(list('sni'), list('any'))).toEqual([
      expect.objectContaining({ change: 'widened', code: 'tls-loosened', risk: 'medium' }),
    ]);
    expect(rowsOf(list('any'), list('sni'))).toEqual([
      expect.objectContaining({ change: 'narrowed', code: 'tls-tightened', risk: 'none' }),
    ]);
  });

  it('a rule that has expired is not there', () => {
    const expired = parseAllowlistFile('- { allow: a.com, expires: 2030-01-01 }', { path: 'x' });
    const at = { atMs: Date.parse('2031-01-01'), layer: 'allowlist' };
    const [row] = diffAllowlists(
      { name: 'FROM', allowlist: expired },
      { name: 'TO', allowlist: parseWords(['a.com']) },
      at,
    );
    expect(row).toMatchObject({ change: 'added', why: expect.stringContaining('has expired') });
  });

  it('ten thousand rules against ten thousand: one row for each that differs, and no more', () => {
    const words = (from: number) =>
      Array.from({ length: 10_000 }, (_, index) => index + from).flatMap((index) => {
        const domain = `d${index}.example${index % 97}.org`;
        const form = index % 5;
        return form === 0
          ? `.${domain}`
          : form === 1
            ? `*.${domain}`
            : form === 2
              ? `!${domain}`
              : `${domain}:8443`;
      });
    const rows = rowsOf(parseWords(words(0)), parseWords(words(5000)));
    // A deny of what nobody allows changes nothing.
    expect(rows).toHaveLength(2 * 4000);
    expect(new Set(rows.map(({ change }) => change))).toEqual(new Set(['added', 'removed']));
  });
});

describe('diffAllowlists() of any two lists', () => {
  const label = fc.constantFrom('a', 'b', 'ab', 'x1');
  const name = fc.array(label, { minLength: 2, maxLength: 4 }).map((labels) => labels.join('.'));
  const pattern = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.tuple(fc.constantFrom('', '.', '*.', '**.'), name).map((parts) => parts.join('')),
    },
    { weight: 2, arbitrary: fc.constantFrom('10.0.0.0/8', '10.0.0.0/9', '10.0.0.1', '[2001:db8::]/32') },
    {
      weight: 2,
      arbitrary: fc.constantFrom('*b.a.b', 'a*.a.b', '**.a*.a.b', '~\\.a\\.b$', '~^[ab]+\\.a\\.b$'),
    },
    { weight: 1, arbitrary: fc.constantFrom('all') },
  );
  const word = fc
    .tuple(fc.constantFrom('', '', '!'), pattern, fc.constantFrom('', '', ':*', ':22'))
    .map((parts) => parts.join(''));
  const words = fc.array(word, { maxLength: 6 });
  const host = fc.oneof(
    fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.')),
    fc.constantFrom('10.0.0.1', '10.200.0.1', '11.0.0.1', '2001:db8::1'),
  );
  const target = fc.tuple(host.map(parseHost), fc.constantFrom(22, 80, 443, 9));
  const MIRROR: Readonly<Record<string, string>> = {
    added: 'removed',
    removed: 'added',
    widened: 'narrowed',
    narrowed: 'widened',
    undecided: 'undecided',
  };

  it('a list does not differ from itself', () => {
    fc.assert(fc.property(words, (a) => void expect(rowsOf(parseWords(a), parseWords(a))).toEqual([])));
  });

  it('the other way round, the rows are the mirror image', () => {
    const shown = (rows: readonly DiffRow[], isMirrored: boolean) =>
      rows
        .map(({ change, rule, ports, everyOtherPort, witness, from, to }) => {
          const [first, second] = isMirrored ? [to, from] : [from, to];
          const seen = isMirrored ? MIRROR[change] : change;
          return [seen, rule, ports.join(), everyOtherPort, witness, first?.text, second?.text].join(' ');
        })
        .sort();
    fc.assert(
      fc.property(words, words, (a, b) => {
        const [there, back] = [rowsOf(parseWords(a), parseWords(b)), rowsOf(parseWords(b), parseWords(a))];
        expect(shown(there, false)).toEqual(shown(back, true));
      }),
      { numRuns: 300 },
    );
  });

  it('every witness differs, and whatever differs has a row', () => {
    fc.assert(
      fc.property(words, words, fc.array(target, { minLength: 30, maxLength: 30 }), (a, b, targets) => {
        const [before, after] = [compile(parseWords(a)), compile(parseWords(b))];
        const rows = rowsOf(parseWords(a), parseWords(b));
        const changes = new Set(rows.map(({ change }) => change));
        for (const { witness = '', change } of rows) {
          const [, name = '', port = ''] = /^(.*):(\d+)$/.exec(witness) ?? [];
          const isAllowed = [before, after].map(
            (policy) => policy.decide(parseHost(name), Number(port)).result === 'allow',
          );
          const context = `${a.join(' ')} to ${b.join(' ')}: ${change} ${witness}`;
          expect(isAllowed, context).toEqual(
            change === 'added' || change === 'widened' ? [false, true] : [true, false],
          );
        }
        for (const [candidate, port] of targets) {
          const [was, is] = [before, after].map(
            (policy) => policy.decide(candidate, port).result === 'allow',
          );
          const context = `${a.join(' ')} to ${b.join(' ')}, on ${candidate}:${port}`;
          if (is === true && was === false)
            expect(changes.has('added') || changes.has('widened'), context).toBe(true);
          if (was === true && is === false)
            expect(changes.has('removed') || changes.has('narrowed'), context).toBe(true);
        }
      }),
      { numRuns: 400 },
    );
  });
});
