import { parseAllowlistFile, parseWords } from '@paude/allowlist';
import { describe, expect, it } from 'vitest';
import type { Lifted, Weakness } from '../model/lifted.ts';
import { diffSources } from './diff-sources.ts';
import type { EnforcementLayer, Source } from './source.ts';
import { seen, usageOf } from './testing/usage.ts';

const options = { atMs: 0 };

const words = (...list: string[]): Source => ({
  name: list.join(','),
  kind: 'words',
  allowlist: parseWords(list),
});

const layer = (
  kind: string,
  pods: EnforcementLayer['pods'],
  lifted: Partial<Lifted> & { readonly words?: readonly string[] } = {},
): EnforcementLayer => ({
  kind,
  pods,
  objects: [`${kind}/default`],
  evaluate: () => 'unknown',
  lifted: {
    allowlist: parseWords(lifted.words ?? [], { source: { file: `${kind}/default` } }),
    isFailOpen: false,
    weaknesses: [],
    ...lifted,
  },
});

const cluster = (list: readonly string[] | undefined, ...layers: EnforcementLayer[]): Source => ({
  name: 'cluster:agents',
  kind: 'cluster',
  allowlist: list && parseWords(list, { source: { file: 'ConfigMap/paude-proxy-x-allowlist' } }),
  enforcement: { layers, missing: [] },
});

const weakness = (code: string, severity: Weakness['severity'] = 'error'): Weakness => ({
  code,
  severity,
  object: 'EgressFirewall/default',
  message: 'it is weak',
  remedy: 'Make it strong',
});

const told = (from: Source, to: Source) =>
  diffSources(from, to, options).rows.map(({ change, code, rule, layer: about, risk }) =>
    [change, code, rule, about, risk].filter((part) => part !== '').join(' '),
  );

describe('diffSources()', () => {
  it('says that nothing differs', () => {
    expect(diffSources(words('.a.com'), words('a.com', '**.a.com'), options)).toMatchObject({
      rows: [],
      same: true,
      summary: { risk: 'none', counts: { added: 0 } },
    });
  });

  it('puts what is riskiest first, and counts', () => {
    const diff = diffSources(words('a.com', 'b.com'), words('c.com', 'webhook.site', 'd.com:22'), options);
    expect(diff.rows.map(({ risk }) => risk)).toEqual(['high', 'medium', 'low', 'none', 'none']);
    expect(diff.summary).toMatchObject({ risk: 'high', counts: { added: 3, removed: 2, widened: 0 } });
    expect(diff.same).toBe(false);
  });

  it('finds a rule that was added to the live objects by hand', () => {
    const firewall = layer('EgressFirewall', 'proxy', { words: ['a.com', 'evil.com'] });
    expect(told(words('a.com'), cluster(['a.com'], firewall))).toEqual([
      'added rule-added evil.com EgressFirewall low',
    ]);
  });

  it('names the object that the rule stands in', () => {
    const firewall = layer('EgressFirewall', 'proxy', { words: ['a.com', 'evil.com'] });
    const [row] = diffSources(words('a.com'), cluster(['a.com'], firewall), options).rows;
    expect(row?.to).toEqual({ text: 'EgressFirewall/default', object: 'EgressFirewall/default' });
  });

  it('compares layers with their like where both sides have them, so that what a kind cannot say is no difference', () => {
    const emitted = layer('EgressFirewall', 'proxy', { words: ['*.a.com'] });
    const file: Source = { ...words('.a.com'), enforcement: { layers: [emitted], missing: [] } };
    expect(told(file, cluster(['.a.com'], emitted))).toEqual([]);
    expect(told(words('.a.com'), cluster(['.a.com'], emitted))).toEqual([
      'narrowed rule-narrowed .a.com EgressFirewall none',
    ]);
  });

  it('does not hold addresses against names', () => {
    const policy = layer('NetworkPolicy', 'proxy', { words: ['11.0.0.0/8'] });
    expect(told(words('a.com'), cluster(['a.com'], policy))).toEqual([]);
    const other = layer('NetworkPolicy', 'proxy', { words: ['11.0.0.0/8', '12.0.0.0/8'] });
    expect(told(cluster(['a.com'], policy), cluster(['a.com'], other))).toEqual([
      'added rule-added 12.0.0.0/8 NetworkPolicy high',
    ]);
  });

  it('finds what is weak, missing or fails open, whatever the other side says', () => {
    const weak = layer('EgressFirewall', 'proxy', {
      words: ['a.com'],
      weaknesses: [weakness('egress-firewall-status-failed'), weakness('a-note', 'info')],
    });
    const source = cluster(['a.com'], weak, layer('CiliumNetworkPolicy', 'proxy', { isFailOpen: true }));
    const missing = [{ object: 'NetworkPolicy/paude-egress-x', why: 'it should be in the namespace agents' }];
    const live: Source = { ...source, enforcement: { layers: source.enforcement?.layers ?? [], missing } };
    const expected = [
      'unenforced fail-open CiliumNetworkPolicy high',
      'unenforced egress-firewall-status-failed EgressFirewall high',
      'unenforced object-missing NetworkPolicy high',
    ];
    expect(told(words('a.com'), live)).toEqual(expected);
    expect(told(live, words('a.com'))).toEqual(expected);
  });

  it('finds another kind of policy that lets the workload go round the proxy', () => {
    const proxy = layer('NetworkPolicy', 'proxy');
    const opens = layer('CiliumNetworkPolicy', 'workload', { words: ['evil.com'] });
    expect(told(words('a.com'), cluster(['a.com'], proxy, opens))).toEqual([
      'unenforced workload-opened evil.com CiliumNetworkPolicy high',
    ]);
    // Without a proxy that is what the kind is there for
    expect(told(words('evil.com'), cluster(undefined, opens))).toEqual([]);
  });

  it('finds a proxy that runs by older rules, and one that could not read the newest', () => {
    const running = { allowlist: parseWords(['a.com', 'old.com']), where: 'Pod/paude-proxy-x-1', readMs: 0 };
    const live: Source = { ...cluster(['a.com', 'new.com']), running };
    const diff = diffSources(words('a.com', 'new.com'), live, options);
    expect(diff.rows.map(({ code, rule, risk }) => `${code} ${rule} ${risk}`)).toEqual([
      'proxy-older-allowlist old.com high',
      'proxy-allowlist-pending new.com low',
    ]);
    expect(diff.rows[0]?.why).toBe(
      'Pod/paude-proxy-x-1 runs by older rules of 1970-01-01T00:00:00.000Z: it still allows old.com:443.',
    );
    const failed: Source = { ...live, running: { ...running, reloadFailure: 'it is not YAML.' } };
    expect(told(words('a.com', 'new.com'), failed)).toContain('unenforced proxy-reload-failed proxy high');
    const silent: Source = { ...live, running: { where: 'Pod/x' } };
    expect(told(words('a.com', 'new.com'), silent)).toEqual(['unenforced proxy-unknown proxy medium']);
  });

  it('a running proxy alone says what is allowed by what it runs by', () => {
    const proxy: Source = {
      name: 'proxy:http://127.0.0.1:9128',
      kind: 'proxy',
      running: { allowlist: parseWords(['a.com', 'b.com']), where: 'http://127.0.0.1:9128' },
    };
    expect(told(words('a.com'), proxy)).toEqual(['added rule-added b.com allowlist low']);
  });

  const log = (name: string, ...hosts: string[]): Source => ({
    name,
    kind: 'log',
    usage: usageOf(
      hosts.map((host) =>
        host.startsWith('!')
          ? seen(host.slice(1), { refused: { 'not-listed': 1 } })
          : seen(host, { allowed: 1 }),
      ),
    ),
  });

  it('holds a log against an allowlist, on either side', () => {
    expect(told(words('a.com', 'b.com'), log('log:x', 'a.com', '!c.com'))).toEqual([
      'denied denied c.com:443 usage low',
      'unused rule-unused b.com usage low',
    ]);
    expect(told(log('log:x', 'a.com', 'd.com'), words('a.com'))).toEqual([
      'removed used-not-allowed d.com:443 usage none',
    ]);
  });

  it('holds the log of a session against its own allowlist', () => {
    const session: Source = {
      ...words('a.com', 'b.com'),
      name: 'session:x',
      usage: log('', 'a.com', 'z.com').usage,
    };
    expect(told(words('a.com'), session)).toEqual([
      'added rule-added b.com allowlist low',
      'unused rule-unused b.com usage low',
    ]);
  });

  it('compares two logs by what was let pass', () => {
    expect(told(log('log:x', 'a.com', 'b.com'), log('log:y', 'a.com', 'c.com', '!d.com'))).toEqual([
      'added rule-added c.com:443 allowlist low',
      'denied denied d.com:443 usage low',
      'removed rule-removed b.com:443 allowlist none',
    ]);
  });

  it.each([
    [{ name: 'manifests:x', kind: 'manifests' } as const, words('a.com')],
    [log('log:x', 'a.com'), { name: 'manifests:x', kind: 'manifests' } as const],
    [cluster(undefined), log('log:x', 'a.com')],
  ])('refuses to call the same what it could not compare: %j', (from, to) => {
    expect(() => diffSources(from, to, options)).toThrow(
      expect.objectContaining({
        code: 'policy-incomparable',
        why: expect.stringContaining('nothing in common'),
      }),
    );
  });

  it('counts a rule of a file once, however often it stands there', () => {
    const file = parseAllowlistFile('- a.com\n- a.com\n', { path: 'a.yaml' });
    expect(told(words(), { name: 'file:a.yaml', kind: 'file', allowlist: file })).toEqual([
      'added rule-added a.com allowlist low',
    ]);
  });
});
