import { compile, expandAlias, parseHost, parseWords } from '@paude/allowlist';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { suggest } from './suggest.ts';
import { deniedHosts, unusedRules } from './unused-rules.ts';
import { UsageCollector } from './usage-collector.ts';

/** The domains of an alias of suffixes: that of the index, and that of the files. */
const [INDEX = '', FILES = ''] = expandAlias('python').map(({ word }) => word.replace(/^\./, ''));

interface Seen {
  readonly host: string;
  readonly port?: number;
  readonly decision?: 'allow' | 'deny';
  readonly reason?: string;
  readonly reportOnly?: boolean;
  readonly times?: number;
}

const usageOf = (seen: readonly Seen[]) => {
  const collector = new UsageCollector();
  for (const { host, port = 443, decision = 'allow', reason, reportOnly, times = 1 } of seen) {
    for (let time = 0; time < times; time++) {
      collector.add({
        event: 'decision',
        time: '2031-05-04T12:00:00.123Z',
        host,
        port,
        decision,
        reason: reason ?? (decision === 'allow' ? 'allowed-by-rule' : 'not-listed'),
        reportOnly,
        bytesUp: 0,
        bytesDown: 10,
      });
    }
  }
  return collector.usage();
};

const hosts = (...names: string[]): Seen[] => names.map((host) => ({ host }));
const wordsFor = (seen: readonly Seen[]) => suggest(usageOf(seen)).words;

describe('suggest()', () => {
  it('names the very hosts and ports, the most asked for first', () => {
    const seen: Seen[] = [
      { host: 'a.example.com' },
      { host: 'b.example.com', port: 80, times: 3 },
      { host: 'c.example.com', port: 8443, times: 2 },
      { host: 'c.example.com', port: 443 },
      { host: '198.51.100.7' },
      { host: '2001:db8::7', port: 22 },
      { host: 'registry', port: 5000 },
    ];
    expect(wordsFor(seen)).toEqual([
      'b.example.com',
      'c.example.com:{443,8443}',
      '198.51.100.7',
      '[2001:db8::7]:22',
      'a.example.com',
      'registry.:5000',
    ]);
    expect(suggest(usageOf(seen)).entries[0]).toMatchObject({
      kind: 'host',
      requests: 3,
      bytes: 30,
      why: '3 requests',
    });
  });

  it('uses an alias when much of it was seen, and not for one host of it', () => {
    expect(wordsFor(hosts(INDEX, `files.${FILES}`))).toEqual(['python']);
    expect(wordsFor(hosts(INDEX))).toEqual([INDEX]);
    expect(wordsFor(hosts('github.com', 'api.github.com'))).toEqual(['api.github.com', 'github.com']);
    const github = hosts('github.com', 'api.github.com', 'codeload.github.com', 'ghcr.io');
    const [entry] = suggest(usageOf(github)).entries;
    expect(entry).toMatchObject({ word: 'github', kind: 'alias', why: '4 of its 15 patterns are used' });
    expect(suggest(usageOf(github), { aliases: false }).words).toHaveLength(4);
  });

  it('keeps a port that an alias does not have', () => {
    const seen = [...hosts(`files.${FILES}`, INDEX), { host: INDEX, port: 8443 }];
    expect(wordsFor(seen).toSorted()).toEqual([`files.${FILES}`, `${INDEX}:{443,8443}`].toSorted());
  });

  it('does not use an alias that denies what was seen', () => {
    const seen = hosts('archive.ubuntu.com', 'security.ubuntu.com', 'pastebin.ubuntu.com');
    expect(wordsFor(seen).toSorted()).toEqual([
      'archive.ubuntu.com',
      'pastebin.ubuntu.com',
      'security.ubuntu.com',
    ]);
  });

  it('makes many siblings one wildcard', () => {
    const four = hosts('a.cdn.example.com', 'b.cdn.example.com', 'c.cdn.example.com', 'd.cdn.example.com');
    expect(wordsFor(four)).toEqual(['*.cdn.example.com']);
    expect(wordsFor(four.slice(1))).toHaveLength(3);
    expect(suggest(usageOf(four.slice(2)), { minSiblings: 2 }).words).toEqual(['*.cdn.example.com']);
    expect(suggest(usageOf(four)).entries[0]?.hosts).toHaveLength(4);
  });

  it.each([
    ['a public suffix', 'co.uk'],
    ['a suffix where anyone has a name', 'github.io'],
    ['a place where anyone has a bucket', 's3.amazonaws.com'],
    ['a domain below which anyone may write', 'googleapis.com'],
    ['a registry of packages', INDEX],
  ])('never makes a wildcard of %s', (_title, domain) => {
    const seen = hosts(...['a', 'b', 'c', 'd', 'e'].map((label) => `${label}.${domain}`));
    expect(suggest(usageOf(seen), { aliases: false }).words).toEqual(seen.map(({ host }) => host));
  });

  it.each([
    ['hexadecimal', (index: number) => Buffer.from(`secret ${index}`).toString('hex')],
    ['letters and digits', (index: number) => `k3j9x0q2m7z${index}`],
    ['very long', (index: number) => 'abcdefghij'.repeat(3) + index],
  ])('never makes a wildcard of names that look like data: %s', (_title, label) => {
    const seen = hosts(...[0, 1, 2, 3, 4].map((index) => `${label(index)}.t.example.com`));
    expect(suggest(usageOf(seen)).words).toEqual(seen.map(({ host }) => host).sort());
  });

  it('takes names with numbers for names', () => {
    const seen = hosts(
      ...['eu-west-1', 'us-east-2', 'ap-south-1', 'build-2031-05'].map((one) => `${one}.example.com`),
    );
    expect(suggest(usageOf(seen)).words).toEqual(['*.example.com']);
  });

  it('says what lint says of a host that anyone can write to', () => {
    const { entries } = suggest(usageOf(hosts('transfer.sh')));
    expect(entries[0]?.findings.map(({ code }) => code)).toEqual(['anyone-can-write']);
  });

  it('keeps what was denied apart, unless it is asked for', () => {
    const seen: Seen[] = [
      { host: 'a.example.com' },
      { host: 'evil.example', decision: 'deny' },
      { host: 'bad.example', decision: 'deny', reason: 'denied-by-rule' },
      { host: 'gone.example', decision: 'deny', reason: 'dns-not-found' },
      { host: 'token.example', reason: 'answered' },
    ];
    const { words, denied } = suggest(usageOf(seen));
    expect(words).toEqual(['a.example.com']);
    expect(denied.map(({ word, status }) => [word, status])).toEqual([['evil.example', 'denied']]);
    expect(suggest(usageOf(seen), { includeDenied: true }).words).toEqual(['a.example.com', 'evil.example']);
  });

  it('learns from report-only mode, and says that it did; but not what a rule denies', () => {
    const { entries } = suggest(
      usageOf([
        { host: 'new.example', reason: 'not-listed', reportOnly: true },
        { host: 'bad.example', reason: 'denied-by-rule', reportOnly: true },
      ]),
    );
    expect(entries.map(({ word, status }) => [word, status])).toEqual([['new.example', 'would-deny']]);
  });

  it('makes a host with very many ports several words', () => {
    const seen = Array.from({ length: 700 }, (_, index) => ({ host: 'a.example.com', port: 10_000 + index }));
    const policy = compile(parseWords(wordsFor(seen)));
    expect(seen.every(({ host, port }) => policy.decide(parseHost(host), port).result === 'allow')).toBe(
      true,
    );
    expect(policy.decide(parseHost('a.example.com'), 10_700).result).toBe('deny');
  });

  it('allows every target that was let pass, and words that the grammar takes', () => {
    const label = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'pypi', 'storage', 'github', 'xn--bcher-kva');
    const domain = fc.constantFrom(
      ...['example.com', 'co.uk', 'github.io', 'github.com', INDEX, FILES, 'googleapis.com'],
      ...['ubuntu.com', 'docker.io', 'anthropic.com', 'claude.ai', 'test'],
    );
    const host = fc.oneof(
      fc.tuple(fc.array(label, { maxLength: 2 }), domain).map(([labels, end]) => [...labels, end].join('.')),
      fc.constantFrom(
        '10.0.0.1',
        '2001:db8::1',
        'localhost',
        'github.com',
        'api.github.com',
        'codeload.github.com',
        'ghcr.io',
      ),
      fc.constantFrom(
        'pastebin.ubuntu.com',
        'api.anthropic.com',
        'claude.ai',
        'platform.claude.com',
        'oauth2.googleapis.com',
      ),
    );
    const seen = fc.record({
      host,
      port: fc.constantFrom(443, 443, 443, 80, 8443, 22),
      decision: fc.constantFrom('allow' as const, 'allow' as const, 'deny' as const),
    });
    fc.assert(
      fc.property(fc.array(seen, { maxLength: 40 }), fc.integer({ min: 2, max: 5 }), (all, minSiblings) => {
        const { words } = suggest(usageOf(all), { minSiblings });
        const policy = compile(parseWords(words));
        for (const { host: name, port, decision } of all) {
          if (decision === 'deny') continue;
          expect(policy.decide(parseHost(name), port).reason, `${name}:${port} by ${words.join(' ')}`).toBe(
            'allowed-by-rule',
          );
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('unusedRules()', () => {
  it('finds allows that nothing needs, and not those that stand behind another', () => {
    const allowlist = parseWords([
      '.example.com',
      'a.example.com',
      'b.example.com',
      '!c.example.com',
      'other.example',
      '*.test.example:8443',
    ]);
    const usage = usageOf([
      { host: 'a.example.com' },
      { host: 'x.test.example', port: 443 },
      { host: 'other.example', decision: 'deny' },
    ]);
    expect(unusedRules(allowlist, usage).map(({ text }) => text)).toEqual([
      'b.example.com',
      'other.example',
      '*.test.example:8443',
    ]);
  });
});

describe('deniedHosts()', () => {
  it('counts refusals by reason, and says what would be decided now', () => {
    const usage = usageOf([
      { host: 'a.example.com' },
      { host: 'evil.example', decision: 'deny', times: 2 },
      { host: 'evil.example', decision: 'deny', reason: 'empty-allowlist' },
      { host: 'new.example', decision: 'deny' },
    ]);
    const denied = deniedHosts(usage, compile(parseWords(['new.example'])));
    expect(denied.map(({ host, requests, reasons, now }) => [host, requests, reasons, now.reason])).toEqual([
      [
        'evil.example',
        3,
        [
          { reason: 'not-listed', count: 2 },
          { reason: 'empty-allowlist', count: 1 },
        ],
        'not-listed',
      ],
      ['new.example', 1, [{ reason: 'not-listed', count: 1 }], 'allowed-by-rule'],
    ]);
  });
});
