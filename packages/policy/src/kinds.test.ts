import { parseCidr, parseWords } from '@paude/allowlist';
import { describe, expect, it } from 'vitest';
import { sessionIntent } from './intents/intents.ts';
import { emitters, readers, validateObject } from './kinds.ts';
import type { EmitterKind } from './model/emitter.ts';
import type { LiftContext } from './model/lifted.ts';
import type { KubernetesObject } from './model/object.ts';

const options = { namespace: 'agents', atMs: 0 };
const context: LiftContext = {
  podLabels: { app: 'paude-proxy', 'paude.io/session-name': 'review' },
  namespace: 'agents',
  namespaceLabels: { 'kubernetes.io/metadata.name': 'agents' },
  families: 'dual',
  wildcardFirewallNames: false,
};

const emit = (kind: EmitterKind, words: readonly string[], changes: object = {}) => {
  const emission = emitters
    .get(kind)
    ?.emit(parseWords(words), sessionIntent('review', { ...options, ...changes }));
  if (emission === undefined) throw new Error(`no emitter of ${kind}`);
  return emission;
};

const firewall = (egress: unknown, rest: object = {}): KubernetesObject => ({
  apiVersion: 'k8s.ovn.org/v1',
  kind: 'EgressFirewall',
  metadata: { name: 'default', namespace: 'agents' },
  spec: { egress },
  ...rest,
});

const lift = (kind: string, ...objects: KubernetesObject[]) => {
  const lifted = readers.find((reader) => reader.kind === kind)?.lift(objects, context);
  return {
    rules: lifted?.allowlist.rules.map(({ text }) => text),
    isFailOpen: lifted?.isFailOpen,
    codes: lifted?.weaknesses.map(({ code }) => code),
  };
};

const allow = (dnsName: string) => ({ type: 'Allow', to: { dnsName } });
const deny = (cidrSelector: string) => ({ type: 'Deny', to: { cidrSelector } });
const CLOSED = [deny('0.0.0.0/0'), deny('::/0')];

describe('validateObject()', () => {
  it('refuses the name that the requirement shows, and says why', () => {
    const [fault, ...others] = validateObject({
      ...firewall([allow('api.example.com'), deny('0.0.0.0/0')]),
      metadata: { name: 'paude-egress-firewall', namespace: 'agents' },
    });
    expect(others).toEqual([]);
    expect(fault).toMatchObject({
      code: 'egress-firewall-invalid',
      severity: 'error',
      message:
        'metadata.name is "paude-egress-firewall", and an EgressFirewall is always named "default", one for a namespace',
      remedy: 'Name it default; what else the namespace needs goes into the same object',
    });
  });

  it.each([
    [[], 'spec.egress is empty'],
    [[{ type: 'allow', to: { dnsName: 'a.b' } }], 'spec.egress[0].type is "allow"'],
    [[{ type: 'DenyAll', to: { dnsName: 'a.b' } }], 'spec.egress[0].type is "DenyAll"'],
    [[allow('a_b.example.com')], 'spec.egress[0].to.dnsName is "a_b.example.com"'],
    [[allow('a.*.example.com')], 'spec.egress[0].to.dnsName is "a.*.example.com"'],
    [[allow('https://a.b')], 'spec.egress[0].to.dnsName is "https://a.b"'],
    [[deny('10.0.0.0')], 'spec.egress[0].to.cidrSelector is no range of addresses'],
    [
      [{ type: 'Deny', to: {} }],
      'spec.egress[0].to must have exactly one of cidrSelector, dnsName, nodeSelector',
    ],
    [
      [{ type: 'Deny', to: { dnsName: 'a.b', cidrSelector: '10.0.0.0/8' } }],
      'spec.egress[0].to must have exactly one of cidrSelector, dnsName, nodeSelector',
    ],
    [
      [{ ...allow('a.b'), ports: [{ protocol: 'ICMP', port: 1 }] }],
      'spec.egress[0].ports[0].protocol is "ICMP"',
    ],
    [
      [{ ...allow('a.b'), ports: [{ protocol: 'TCP', port: 65536 }] }],
      'spec.egress[0].ports[0].port is no port',
    ],
    [[{ ...allow('a.b'), port: 443 }], 'spec.egress[0].port is not known'],
    [new Array(8001).fill(deny('10.0.0.0/8')), 'spec.egress has 8001 items of at most 8000'],
  ])('refuses the rules %#', (rules, message) => {
    expect(validateObject(firewall(rules)).map((fault) => fault.message)).toEqual([message]);
  });

  it('says nothing of kinds that it does not know, and throws for nothing', () => {
    for (const value of [undefined, null, 4, 'x', [], {}, { apiVersion: 1, kind: [] }]) {
      expect(validateObject(value)).toEqual([]);
    }
  });
});

describe('EgressFirewall, read back', () => {
  it.each([
    ['closed', firewall([allow('a.example.com'), ...CLOSED]), ['a.example.com:*'], false, []],
    [
      'without a final deny',
      firewall([allow('a.example.com'), deny('10.0.0.0/8')]),
      ['a.example.com:*', '!10.0.0.0/8', 'all'],
      true,
      ['egress-firewall-no-final-deny'],
    ],
    [
      'with one family closed',
      firewall([allow('a.example.com'), deny('0.0.0.0/0')]),
      ['a.example.com:*', 'all'],
      true,
      ['egress-firewall-family-open'],
    ],
    [
      'with everything allowed first',
      firewall([{ type: 'Allow', to: { cidrSelector: '0.0.0.0/0' } }, ...CLOSED]),
      ['all'],
      false,
      ['egress-firewall-allow-all'],
    ],
    [
      'with a wildcard where there is none',
      firewall([allow('*.example.com'), ...CLOSED]),
      ['*.example.com:*'],
      false,
      ['egress-firewall-wildcard-unsupported'],
    ],
    [
      'failed',
      firewall(CLOSED, { status: { status: 'EgressFirewall Rules not correctly applied' } }),
      ['all'],
      true,
      ['egress-firewall-status-failed', 'egress-firewall-no-final-deny'],
    ],
    ['applied', firewall(CLOSED, { status: { status: 'EgressFirewall Rules applied' } }), [], false, []],
    [
      'from a cluster, without a status',
      firewall(CLOSED, { metadata: { name: 'default', namespace: 'agents', resourceVersion: '7' } }),
      [],
      false,
      ['egress-firewall-status-missing'],
    ],
    [
      'with another name',
      firewall(CLOSED, { metadata: { name: 'paude-egress-firewall', namespace: 'agents' } }),
      ['all'],
      true,
      ['egress-firewall-name', 'egress-firewall-no-final-deny'],
    ],
    [
      'with a deny behind the allow that it should limit',
      firewall([{ type: 'Allow', to: { cidrSelector: '8.0.0.0/8' } }, deny('8.8.0.0/16'), ...CLOSED]),
      ['8.0.0.0/8:*'],
      false,
      ['egress-firewall-order'],
    ],
    [
      'malformed',
      firewall([{ type: 'Allow' }, 7, ...CLOSED]),
      [],
      false,
      ['egress-firewall-malformed', 'egress-firewall-malformed'],
    ],
  ])('%s', (_, object, rules, isFailOpen, codes) => {
    expect(lift('EgressFirewall', object)).toEqual({ rules, isFailOpen, codes });
  });

  it('is open where there is none', () => {
    expect(lift('EgressFirewall')).toEqual({ rules: ['all'], isFailOpen: true, codes: [] });
  });
});

describe('kinds with selectors, read back', () => {
  const selecting: readonly EmitterKind[] = [
    'CiliumNetworkPolicy',
    'ClusterNetworkPolicy',
    'FQDNNetworkPolicy',
    'ApplicationNetworkPolicy',
    'AntreaNetworkPolicy',
    'Istio',
  ];

  it.each(selecting)('%s that selects other pods holds nothing', (kind) => {
    const objects = emit(kind, ['api.example.com']).objects.map(({ object }) => object);
    const other = { ...context, podLabels: { app: 'other' } };
    const lifted = readers.find((reader) => reader.kind === kind)?.lift(objects, other);
    expect(lifted?.isFailOpen).toBe(true);
    expect(lifted?.weaknesses.map(({ code }) => code)).toEqual([expect.stringMatching(/-selects-nothing$/)]);
  });

  it('CiliumNetworkPolicy that lets every name be looked up is said to', () => {
    const [object] = emit('CiliumNetworkPolicy', ['api.example.com']).objects.map((one) => one.object);
    const text = JSON.stringify(object).replace(/"dns":\[[^\]]*\]/, '"dns":[{"matchPattern":"*"}]');
    expect(lift('CiliumNetworkPolicy', JSON.parse(text)).codes).toEqual(['cilium-dns-open']);
  });
});

describe('emitters', () => {
  it('hold lookups to the allowed names with Cilium, so that DNS is no way out', () => {
    const [object] = emit('CiliumNetworkPolicy', ['.example.com', 'api.example.net']).objects.map(
      (one) => one.object,
    );
    expect(JSON.stringify(object)).toContain(
      '"dns":[{"matchPattern":"**.example.com"},{"matchName":"api.example.net"},{"matchName":"example.com"}]',
    );
  });

  it.each<[EmitterKind, number, string]>([
    ['EgressFirewall', 8000, 'egress-firewall-budget'],
    ['EgressNetworkPolicy', 1000, 'egress-network-policy-budget'],
    ['ClusterNetworkPolicy', 25 * 25 * 25, 'cluster-network-policy-budget'],
  ])(
    '%s refuses %i names with a plan instead of an object that a cluster would refuse',
    (kind, count, code) => {
      const words = Array.from({ length: count }, (_, index) => `host-${index}.example.com`);
      const { objects, diagnostics } = emit(kind, words);
      expect(objects).toEqual([]);
      const errors = diagnostics.filter(({ severity }) => severity === 'error');
      expect(errors.map((error) => error.code)).toEqual([code]);
      expect(errors[0]?.remedy).toMatch(/eave names to the proxy/);
    },
  );

  it('open special-use ranges as the proxy does: exactly those that are allowed, and never metadata with them', () => {
    const { objects } = emit('EgressFirewall', ['10.1.2.3'], {
      allowPrivate: [parseCidr('10.1.0.0/16'), parseCidr('169.254.0.0/16')],
      families: 'ipv4',
    });
    const ranges = JSON.stringify(objects[0]?.object);
    expect(ranges).not.toContain('"10.0.0.0/8"');
    expect(ranges).toContain('"10.128.0.0/9"');
    expect(ranges).not.toContain('"169.254.0.0/16"');
    expect(ranges).toContain('"169.254.169.254/32"');
  });

  it('never turn an IPv6 range with holes into a range of IPv4', () => {
    const { objects } = emit('ApplicationNetworkPolicy', ['[::]/16'], { families: 'ipv6' });
    const blocks = JSON.stringify(objects[0]?.object).match(/"cidr":"[\d.]+\/\d+"/g);
    // The two addresses of the cluster's DNS.
    expect(blocks).toEqual(['"cidr":"10.100.0.10/32"', '"cidr":"172.20.0.10/32"']);
  });

  it('refuse names with Cilium where pods have no DNS and there is no proxy', () => {
    const intent = { ...sessionIntent('review', { ...options, dns: 'none' }), proxy: undefined };
    const emission = emitters.get('CiliumNetworkPolicy')?.emit(parseWords(['a.example.com']), intent);
    expect(emission?.objects).toEqual([]);
    expect(emission?.diagnostics.map(({ code }) => code)).toContain('cilium-dns-needed');
  });
});
