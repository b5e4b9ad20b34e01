import {
  compile,
  compileAddressPolicy,
  hasPort,
  parseAddress,
  parseCidr,
  parseHost,
  parseWords,
} from '@paude/allowlist';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sessionIntent, standaloneIntent } from '../intents/intents.ts';
import type { LiftContext } from '../model/lifted.ts';
import { networkPolicyEmitter } from './network-policy-emitter.ts';
import { networkPolicyReader } from './network-policy-reader.ts';
import { inRange, letsOut, toText } from './testing/naive-evaluator.ts';

const PORTS = [22, 80, 443, 444, 3128, 5432, 8000, 8001, 8443, 9128, 65_535];

const word = fc
  .tuple(
    fc.constantFrom(
      'a.example.com',
      '.example.org',
      '**.example.net',
      '~^x\\.example\\.com$',
      '8.8.8.0/24',
      '10.1.0.0/16',
      '9.9.9.9',
      '[2606:4700::]/32',
      '169.254.169.254',
      '198.51.0.0/16',
      'all',
      '!b.example.com',
      '!all:444',
    ),
    fc.constantFrom('', '', ':*', ':8443', ':{22,80}', ':{8000..8001}'),
  )
  .map(([pattern, ports]) => (pattern.startsWith('!all') ? pattern : `${pattern}${ports}`));

const ranges = [
  '10.0.0.0/8',
  '10.1.2.0/24',
  '169.254.0.0/16',
  '169.254.169.254/32',
  '192.0.0.0/8',
  'fd00::/8',
  '100.64.0.0/10',
];

const situation = fc.record({
  words: fc.array(word, { maxLength: 6 }),
  allowPrivate: fc.subarray(ranges),
  families: fc.constantFrom('ipv4', 'ipv6', 'dual'),
  dns: fc.constantFrom('kube-dns', 'openshift', 'node-local', 'none'),
  form: fc.constantFrom('session', 'standalone'),
});

const near = (text: string): fc.Arbitrary<string> => {
  const range = parseCidr(text);
  const [a, b, c, d] = range.words.map(BigInt) as [bigint, bigint, bigint, bigint];
  const base = range.family === 4 ? a : (a << 96n) | (b << 64n) | (c << 32n) | d;
  const size = 1n << BigInt((range.family === 4 ? 32 : 128) - range.prefix);
  const limit = (1n << (range.family === 4 ? 32n : 128n)) - 1n;
  // On both sides of both ends, and inside.
  return fc
    .oneof(fc.constantFrom(-1n, 0n, 1n, size - 1n, size), fc.bigInt({ min: 0n, max: size - 1n }))
    .map((offset) => base + offset)
    .filter((value) => value >= 0n && value <= limit)
    .map((value) => toText(value, range.family));
};

const address = fc.oneof(
  ...[
    ...ranges,
    '8.8.8.0/24',
    '9.9.9.9/32',
    '2606:4700::/32',
    '198.51.0.0/16',
    '198.51.100.0/24',
    '172.16.0.0/12',
    '127.0.0.0/8',
    '168.63.129.16/32',
    'fd00:ec2::254/128',
    'fe80::/10',
    '2001:db8::/32',
    '64:ff9b::a00:0/104',
    '169.254.20.10/32',
    '0.0.0.0/0',
    '2000::/3',
  ].map(near),
);

function emitted({
  words,
  allowPrivate,
  families,
  dns,
  form,
}: typeof situation extends fc.Arbitrary<infer T> ? T : never) {
  const allowlist = parseWords(words);
  const options = { namespace: 'agents', atMs: 0, allowPrivate: allowPrivate.map(parseCidr), families, dns };
  const intent =
    form === 'session'
      ? sessionIntent('s', options)
      : standaloneIntent('s', { ...options, clients: { namespace: 'team' } });
  const { objects } = networkPolicyEmitter.emit(allowlist, intent);
  const namespace = intent.workload.namespace ?? 'agents';
  return {
    allowlist,
    intent,
    objects: objects.map(({ object }) => object),
    workload: { labels: { ...intent.workload.labels, other: 'x' }, namespace },
    proxy: { labels: { ...intent.proxy?.labels }, namespace: 'agents' },
  };
}

const isSpecial = compileAddressPolicy();

describe('NetworkPolicies for random allowlists and intents', () => {
  it('let the workload reach DNS and the proxy, and no address at all', () => {
    fc.assert(
      fc.property(situation, address, fc.constantFrom(...PORTS, 53, 5353), (given, to, port) => {
        const { objects, workload, proxy } = emitted(given);
        const isNodeLocal =
          given.dns === 'node-local' && to === '169.254.20.10' && port === 53 && given.families !== 'ipv6';
        expect(letsOut(objects, { from: workload, to: { address: to }, port, protocol: 'TCP' })).toBe(
          isNodeLocal,
        );
        expect(letsOut(objects, { from: workload, to: proxy, port, protocol: 'TCP' })).toBe(port === 3128);
        expect(
          letsOut(objects, {
            from: workload,
            to: { labels: { app: 'other' }, namespace: 'agents' },
            port,
            protocol: 'TCP',
          }),
        ).toBe(false);
        const dnsPod =
          given.dns === 'openshift'
            ? { labels: { 'dns.operator.openshift.io/daemonset-dns': 'default' }, namespace: 'openshift-dns' }
            : { labels: { 'k8s-app': 'kube-dns' }, namespace: 'kube-system' };
        const isDns = given.dns !== 'none' && (port === 53 || (port === 5353 && given.dns === 'openshift'));
        expect(letsOut(objects, { from: workload, to: dnsPod, port, protocol: 'UDP' })).toBe(isDns);
        expect(
          letsOut(objects, { from: workload, to: { ...dnsPod, namespace: 'agents' }, port, protocol: 'UDP' }),
        ).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('let the proxy reach exactly the addresses that it may dial, at exactly the ports of the rules', () => {
    fc.assert(
      fc.property(situation, address, fc.constantFrom(...PORTS), (given, to, port) => {
        const { objects, proxy, allowlist, intent } = emitted(given);
        const host = parseHost(to.includes(':') ? `[${to}]` : to);
        const family = to.includes(':') ? 'ipv6' : 'ipv4';
        const mayDial = compileAddressPolicy(intent.allowPrivate).check(host) === undefined;
        const denied = allowlist.rules.some(
          (rule) =>
            rule.effect === 'deny' && rule.pattern.kind === 'any' && hasPort(rule.ports, port, [80, 443]),
        );
        const wanted = allowlist.rules.some(
          ({ effect, pattern, ports }) =>
            effect === 'allow' &&
            hasPort(ports, port, [80, 443]) &&
            (pattern.kind !== 'address' || inRange(to, pattern.cidr.text)),
        );
        const expected =
          mayDial && wanted && !denied && (given.families === 'dual' || given.families === family);
        const isOpen = letsOut(objects, { from: proxy, to: { address: to }, port, protocol: 'TCP' });
        expect(isOpen).toBe(expected);
        const parsed = parseAddress(to);
        const destination = { port, protocol: 'TCP', ...(parsed && { address: parsed }) } as const;
        const context = contextOf(proxy);
        expect(networkPolicyReader.evaluate(objects, destination, context)).toBe(isOpen ? 'allow' : 'deny');
        const lifted = networkPolicyReader.lift(objects, context);
        expect(lifted.isFailOpen).toBe(false);
        // What is lifted may be more than what is open, never less.
        if (isOpen) expect(compile(lifted.allowlist).decide(host, port).reason).toBe('allowed-by-rule');
        expect(letsOut(objects, { from: proxy, to: { address: to }, port, protocol: 'UDP' })).toBe(false);
        if (isOpen && given.allowPrivate.length === 0) expect(isSpecial.check(host)).toBeUndefined();
      }),
      { numRuns: 1500 },
    );
  });

  it('are well formed: exceptions strictly inside their range, none inside another, and no empty peers', () => {
    fc.assert(
      fc.property(situation, (given) => {
        const { objects } = emitted(given);
        for (const { ipBlock } of blocksIn(objects)) {
          const { cidr, except = [] } = ipBlock;
          const prefixOf = (range: string): number => Number(range.split('/')[1]);
          for (const range of except) {
            expect(inRange(range.split('/')[0] ?? '', cidr) && prefixOf(range) > prefixOf(cidr)).toBe(true);
            const others = except.filter((other) => other !== range);
            expect(others.some((other) => inRange(range.split('/')[0] ?? '', other))).toBe(false);
          }
        }
        expect(JSON.stringify(objects)).not.toMatch(/"(to|from|ports)":\[\]|\{\}[,\]]/);
      }),
      { numRuns: 300 },
    );
  });
});

describe('networkPolicyReader', () => {
  it('takes whatever stands in an object, and calls nothing denied that it cannot read', () => {
    const item = fc.dictionary(
      fc.constantFrom(
        'to',
        'ports',
        'ipBlock',
        'cidr',
        'except',
        'podSelector',
        'namespaceSelector',
        'port',
        'matchLabels',
      ),
      fc.anything({ maxDepth: 3 }),
    );
    const spec = fc.oneof(
      fc.anything(),
      fc.record(
        {
          podSelector: fc.oneof(item, fc.anything()),
          policyTypes: fc.oneof(fc.constant(['Egress']), fc.anything()),
          egress: fc.oneof(fc.array(fc.oneof(item, fc.anything())), fc.anything()),
        },
        { requiredKeys: [] },
      ),
    );
    fc.assert(
      fc.property(spec, (given) => {
        const object = {
          apiVersion: 'networking.k8s.io/v1',
          kind: 'NetworkPolicy',
          metadata: { name: 'x', namespace: 'agents' },
          spec: given,
        };
        const context = contextOf({ labels: { app: 'a' }, namespace: 'agents' });
        networkPolicyReader.lift([object], context);
        const verdict = networkPolicyReader.evaluate([object], { port: 443, protocol: 'TCP' }, context);
        if (typeof given !== 'object' || given === null) expect(verdict).toBe('unknown');
      }),
      { numRuns: 2000 },
    );
  });
});

function contextOf(pod: { labels: Record<string, string>; namespace: string }): LiftContext {
  return {
    podLabels: pod.labels,
    namespace: pod.namespace,
    namespaceLabels: {},
    families: 'dual',
    wildcardFirewallNames: false,
  };
}

function blocksIn(value: unknown): { ipBlock: { cidr: string; except?: string[] } }[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = 'ipBlock' in value ? [value as { ipBlock: { cidr: string } }] : [];
  return [...own, ...Object.values(value).flatMap(blocksIn)];
}
