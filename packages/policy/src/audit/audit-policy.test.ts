import { parseWords } from '@paude/allowlist';
import { describe, expect, it } from 'vitest';
import type { EnforcementLayer, Source } from '../diff/source.ts';
import { seen, usageOf } from '../diff/testing/usage.ts';
import { auditPolicy } from './audit-policy.ts';

const options = { atMs: 0 };

const layer = (
  kind: string,
  words: readonly string[],
  parts: Partial<EnforcementLayer> = {},
): EnforcementLayer => ({
  kind,
  pods: 'proxy',
  objects: [`${kind}/x`],
  evaluate: () => 'unknown',
  lifted: {
    allowlist: parseWords(words, { source: { file: `${kind}/x` } }),
    isFailOpen: false,
    weaknesses: [],
  },
  ...parts,
});

const allowed: Source = {
  name: 'file:allow.yaml',
  kind: 'file',
  allowlist: parseWords(['a.com', '.b.com', '!x.b.com', 'webhook.site']),
};

const enforced = (words: readonly string[], ...layers: EnforcementLayer[]): Source => ({
  name: 'cluster:agents',
  kind: 'cluster',
  allowlist: parseWords(words),
  enforcement: { layers, missing: [] },
});

const used: Source = {
  name: 'log:audit.log',
  kind: 'log',
  usage: usageOf([
    seen('a.com', { allowed: 3, lastMs: 3000 }),
    seen('y.b.com', { allowed: 2, lastMs: 2000 }),
    seen('z.b.com', { allowed: 4, wouldDeny: 1, lastMs: 5000 }),
    seen('x.b.com', { refused: { 'denied-by-rule': 4 }, lastMs: 4000 }),
  ]),
};

describe('auditPolicy()', () => {
  it('says of each rule what each layer makes of it, and how much it was used', () => {
    const report = auditPolicy(
      {
        allowed,
        enforced: enforced(
          ['.b.com', '!x.b.com', 'webhook.site'],
          layer('EgressFirewall', ['a.com', '*.b.com']),
        ),
        used,
      },
      options,
    );
    const shown = report.rules.map(({ rule, layers, use, risk }) => [
      rule,
      risk,
      layers.map(({ layer: name, verdict, witness }) => [name, verdict, witness].join(' ').trim()),
      use,
    ]);
    expect(shown).toEqual([
      [
        'a.com',
        'low',
        ['proxy cuts a.com:443', 'EgressFirewall passes'],
        { count: 3, targets: 1, lastMs: 3000 },
      ],
      [
        '.b.com',
        'low',
        ['proxy passes', 'EgressFirewall cuts b.com:443'],
        { count: 7, targets: 2, lastMs: 5000 },
      ],
      ['!x.b.com', 'none', ['proxy cuts'], { count: 4, targets: 1, lastMs: 4000 }],
      [
        'webhook.site',
        'high',
        ['proxy passes', 'EgressFirewall cuts webhook.site:443'],
        { count: 0, targets: 0 },
      ],
    ]);
  });

  it('finds where the three differ, the riskiest first', () => {
    const report = auditPolicy(
      { allowed, enforced: enforced(['a.com', '.b.com', 'webhook.site']), used },
      options,
    );
    expect(report.findings.map(({ change, code, rule }) => `${change} ${code} ${rule}`)).toEqual([
      'unused rule-unused webhook.site',
      'widened deny-removed !x.b.com',
      'denied denied x.b.com:443',
    ]);
    expect(report.same).toBe(false);
    expect(report.summary).toMatchObject({ risk: 'high', counts: { unused: 1, widened: 1, denied: 1 } });
  });

  it('says that a deny is not held', () => {
    const { rules } = auditPolicy(
      { allowed, enforced: enforced(['a.com', '.b.com', 'webhook.site']) },
      options,
    );
    expect(rules[2]?.layers).toEqual([
      {
        layer: 'proxy',
        pods: 'proxy',
        objects: ['cluster:agents'],
        verdict: 'passes',
        witness: 'x.b.com:443',
      },
    ]);
  });

  it('takes the log of what enforces when no other is named, and says nothing of use without one', () => {
    const same = { ...enforced(['a.com', '.b.com', '!x.b.com', 'webhook.site']), usage: used.usage };
    expect(auditPolicy({ allowed, enforced: same }, options).rules[0]?.use?.count).toBe(3);
    const without = auditPolicy({ allowed, enforced: { ...same, usage: undefined } }, options);
    expect(without.rules[0]).not.toHaveProperty('use');
    expect(without.same).toBe(true);
  });

  it('goes by the rules that the proxy runs by, and says open of what fails open', () => {
    const running = { allowlist: parseWords(['.b.com']), where: 'Pod/p' };
    const open = layer('CiliumNetworkPolicy', ['all'], {
      lifted: { allowlist: parseWords(['all']), isFailOpen: true, weaknesses: [] },
    });
    const [first] = auditPolicy(
      { allowed, enforced: { ...enforced(['a.com'], open), running } },
      options,
    ).rules;
    expect(first?.layers).toEqual([
      expect.objectContaining({ layer: 'proxy', verdict: 'cuts', objects: ['Pod/p'] }),
      expect.objectContaining({ layer: 'CiliumNetworkPolicy', verdict: 'open' }),
    ]);
  });

  it('asks a NetworkPolicy by port, as it knows no names', () => {
    const policy = layer('NetworkPolicy', [], {
      evaluate: ({ port }) => (port === 443 ? 'allow' : port === 80 ? 'deny' : 'unknown'),
    });
    const verdicts = (word: string) =>
      auditPolicy(
        { allowed: { ...allowed, allowlist: parseWords([word]) }, enforced: enforced([word], policy) },
        options,
      ).rules[0]?.layers[1]?.verdict;
    expect([verdicts('a.com:443'), verdicts('a.com'), verdicts('a.com:22'), verdicts('a.com:*')]).toEqual([
      'passes',
      'cuts',
      'unknown',
      'unknown',
    ]);
  });

  it('refuses an audit against nothing', () => {
    expect(() =>
      auditPolicy({ allowed: { name: 'log:x', kind: 'log' }, enforced: enforced([]) }, options),
    ).toThrow(
      expect.objectContaining({ code: 'policy-incomparable', why: 'it does not say what is allowed' }),
    );
  });
});
