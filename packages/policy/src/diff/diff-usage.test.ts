import { parseWords } from '@paude/allowlist';
import { describe, expect, it } from 'vitest';
import type { SeenTarget, Usage } from '../usage/usage.ts';
import { allowlistOfUsage, diffUsage } from './diff-usage.ts';
import { seen, usageOf } from './testing/usage.ts';

const passed = (host: string, port = 443): SeenTarget => seen(host, { port, allowed: 3, lastMs: 1000 });

const refused = (host: string, reason: string, count = 2): SeenTarget =>
  seen(host, { refused: { [reason]: count }, lastMs: 2000 });

const rowsOf = (
  words: readonly string[],
  targets: readonly SeenTarget[],
  isLogSecond = true,
  parts: Partial<Usage> = {},
) =>
  diffUsage({
    logName: 'log:audit.log',
    usage: usageOf(targets, parts),
    allowlistName: 'file:a.yaml',
    allowlist: parseWords(words),
    isLogSecond,
    atMs: 0,
    parts: ['passed', 'denied', 'unused'],
  });

const told = (words: readonly string[], targets: readonly SeenTarget[], isLogSecond = true) =>
  rowsOf(words, targets, isLogSecond).map(({ change, code, rule, risk }) =>
    [change, code, rule, risk].join(' '),
  );

describe('diffUsage()', () => {
  it.each([
    [['a.com'], [passed('a.com')], []],
    [['.a.com'], [passed('x.a.com', 80)], []],
    [['a.com'], [], ['unused rule-unused a.com low']],
    [['a.com', 'webhook.site'], [passed('a.com')], ['unused rule-unused webhook.site high']],
    // A rule that matches what was seen is used, though another one decided, or it stands there twice
    [['.a.com', 'x.a.com'], [passed('x.a.com')], []],
    [['a.com', 'a.com'], [passed('a.com')], []],
    [['!a.com'], [], []],
    // Refused
    [[], [refused('a.com', 'blocked')], ['denied denied a.com:443 low']],
    [[], [refused('a.com', 'not-listed')], ['denied denied a.com:443 low']],
    [[], [refused('webhook.site', 'not-listed')], ['denied denied webhook.site:443 medium']],
    [[], [refused('a.com', 'address-not-allowed')], ['denied denied a.com:443 medium']],
    [['a.com'], [refused('a.com', 'not-listed')], ['denied denied-though-allowed a.com:443 low']],
    // Faults of the network or of the client say nothing of the policy
    [[], [refused('a.com', 'dns-not-found'), refused('a.com', 'rate-limited')], []],
    // Hosts that could not be read
    [[], [refused('', 'not-listed'), refused('a..b', 'not-listed')], []],
    // Let pass, and not allowed by the list
    [[], [passed('a.com')], ['added used-not-allowed a.com:443 low']],
    [[], [passed('webhook.site', 8443)], ['added used-not-allowed webhook.site:8443 high']],
    [
      ['a.com'],
      [passed('a.com', 22)],
      ['added used-not-allowed a.com:22 medium', 'unused rule-unused a.com low'],
    ],
    [[], [passed('10.0.0.1')], ['added used-not-allowed 10.0.0.1:443 medium']],
    [[], [passed('2001:db8::1')], ['added used-not-allowed [2001:db8::1]:443 medium']],
  ])('%j against %j: %j', (words, targets, expected) => {
    expect(told(words, targets)).toEqual(expected);
  });

  it('what was used before and is not allowed now is removed, and no risk', () => {
    expect(told([], [passed('a.com')], false)).toEqual(['removed used-not-allowed a.com:443 none']);
  });

  it('counts, says when, and where from', () => {
    const [row] = rowsOf([], [refused('a.com', 'not-listed', 1200)]);
    expect(row).toMatchObject({
      count: 1200,
      lastMs: 2000,
      witness: 'a.com:443',
      why: 'It was refused 1,200 times (not-listed).',
      to: { text: 'log:audit.log' },
    });
  });

  it('says that report-only mode let it pass', () => {
    const [row] = rowsOf([], [seen('a.com', { allowed: 2, wouldDeny: 3 })]);
    expect(row?.count).toBe(5);
    expect(row?.why).toBe(
      'It was let pass 5 times, 3 times by report-only mode, and file:a.yaml denies it (empty-allowlist).',
    );
  });

  it('does not claim to have counted what it could not', () => {
    const [row] = rowsOf(['a.com'], [], true, { overflow: 1000, unreadable: 2 });
    expect(row?.why).toBe(
      'file:a.yaml allows it, and no request in log:audit.log needed it, as far as that could be counted (1,002 lines could not).',
    );
  });
});

describe('allowlistOfUsage()', () => {
  it('is what was let pass, host by host and port by port', () => {
    const { rules } = allowlistOfUsage(
      usageOf([
        passed('a.com'),
        passed('::1', 80),
        passed('registry'),
        refused('b.com', 'not-listed'),
        passed('a b'),
        seen('c.com', { wouldDeny: 1 }),
      ]),
    );
    expect(rules.map(({ text }) => text)).toEqual(['a.com:443', '[::1]:80', 'registry.:443', 'c.com:443']);
  });
});
