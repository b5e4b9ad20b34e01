import { formatRule, parseAddress, parseCidr, parseWords } from '@paude/allowlist';
import { describe, expect, it } from 'vitest';
import { sessionIntent } from '../intents/intents.ts';
import type { Destination, LiftContext } from '../model/lifted.ts';
import type { KubernetesObject } from '../model/object.ts';
import { networkPolicyEmitter } from './network-policy-emitter.ts';
import { networkPolicyReader } from './network-policy-reader.ts';

const context: LiftContext = {
  podLabels: { app: 'paude', 'paude.io/session-name': 'demo' },
  namespace: 'agents',
  namespaceLabels: { 'kubernetes.io/metadata.name': 'agents' },
  families: 'dual',
  wildcardFirewallNames: false,
};
const proxyContext = { ...context, podLabels: { app: 'paude-proxy', 'paude.io/session-name': 'demo' } };

function policy(name: string, spec: unknown, labels: Record<string, string> = {}): KubernetesObject {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace: 'agents', labels },
    spec,
  };
}

/** A policy of another that selects every pod and has these rules. */
const rules = (...egress: unknown[]): KubernetesObject =>
  policy('other', { podSelector: {}, policyTypes: ['Egress'], egress });

function ours(words: readonly string[], changes: object = {}): KubernetesObject[] {
  const intent = sessionIntent('demo', { namespace: 'agents', atMs: 0, ...changes });
  return networkPolicyEmitter.emit(parseWords(words), intent).objects.map(({ object }) => object);
}

function to(address: string, port = 443, more: Partial<Destination> = {}): Destination {
  const parsed = parseAddress(address);
  if (parsed === undefined) throw new Error(address);
  return { address: parsed, port, protocol: 'TCP', ...more };
}

const evaluate = (objects: readonly KubernetesObject[], destination: Destination, of = context) =>
  networkPolicyReader.evaluate(objects, destination, of);
const weaknesses = (objects: readonly KubernetesObject[], of = context) =>
  networkPolicyReader
    .lift(objects, of)
    .weaknesses.map(({ code, object, severity }) => `${severity} ${code} ${object}`);
const lifted = (objects: readonly KubernetesObject[], of = context) =>
  networkPolicyReader.lift(objects, of).allowlist.rules.map(formatRule);

describe('networkPolicyReader.evaluate() of a name whose addresses are not known', () => {
  const name: Destination = { host: 'api.example.com', port: 443, protocol: 'TCP' };
  const block = (cidr: string, except: readonly string[] = []) => ({ to: [{ ipBlock: { cidr, except } }] });

  it.each([
    [
      'both families, less special uses',
      [block('0.0.0.0/0', ['10.0.0.0/8']), block('::/0', ['fc00::/7'])],
      'allow',
    ],
    ['both families, less a public range', [block('0.0.0.0/0', ['8.8.8.0/24']), block('::/0')], 'unknown'],
    ['one family of two', [block('0.0.0.0/0')], 'unknown'],
    ['a public range', [block('8.8.8.0/24')], 'unknown'],
    ['private ranges alone', [block('10.0.0.0/8'), block('fc00::/7')], 'deny'],
    ['nothing', [], 'deny'],
  ])('takes it for a public one: %s', (_what, egress, verdict) => {
    expect(evaluate([rules(...egress)], name)).toBe(verdict);
  });

  it('lets what we emit for the proxy pass', () => {
    expect(evaluate(ours(['api.example.com']), name, proxyContext)).toBe('allow');
    expect(evaluate(ours(['api.example.com']), name)).toBe('deny');
  });
});

describe('networkPolicyReader.evaluate()', () => {
  it.each([
    ['no policy at all', [], 'allow'],
    ['a policy for another namespace', [{ ...rules(), metadata: { name: 'x', namespace: 'b' } }], 'allow'],
    ['a policy for what comes in', [policy('x', { podSelector: {}, policyTypes: ['Ingress'] })], 'allow'],
    ['a policy without types and rules', [policy('x', { podSelector: {}, egress: [] })], 'allow'],
    [
      'a policy without types but with rules',
      [policy('x', { podSelector: {}, egress: [{ ports: [{ port: 80 }] }] })],
      'deny',
    ],
    [
      'a policy for other pods',
      [policy('x', { podSelector: { matchLabels: { app: 'b' } }, policyTypes: ['Egress'] })],
      'allow',
    ],
    ['a policy without rules', [rules()], 'deny'],
    ['an empty rule', [rules({})], 'allow'],
    ['an empty list of peers', [rules({ to: [] })], 'allow'],
    ['two that add up', [rules(), rules({ to: [{ ipBlock: { cidr: '8.0.0.0/8' } }] })], 'allow'],
    ['an exception', [rules({ to: [{ ipBlock: { cidr: '8.0.0.0/8', except: ['8.8.0.0/16'] } }] })], 'deny'],
    ['a port', [rules({ to: [{ ipBlock: { cidr: '8.0.0.0/8' } }], ports: [{ port: 443 }] })], 'allow'],
    ['a range of ports', [rules({ ports: [{ protocol: 'TCP', port: 440, endPort: 450 }] })], 'allow'],
    ['another port', [rules({ ports: [{ port: 80 }] })], 'deny'],
    ['another protocol', [rules({ ports: [{ protocol: 'UDP', port: 443 }] })], 'deny'],
    ['a named port', [rules({ ports: [{ port: 'https' }] })], 'unknown'],
    ['pods as peers', [rules({ to: [{ podSelector: {} }] })], 'deny'],
    [
      'an expression that holds',
      [
        policy('x', {
          podSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['paude'] }] },
          policyTypes: ['Egress'],
        }),
      ],
      'deny',
    ],
    [
      'NotIn for a label that is not there',
      [
        policy('x', {
          podSelector: { matchExpressions: [{ key: 'b', operator: 'NotIn', values: ['c'] }] },
          policyTypes: ['Egress'],
        }),
      ],
      'deny',
    ],
    [
      'Exists',
      [
        policy('x', {
          podSelector: { matchExpressions: [{ key: 'b', operator: 'Exists' }] },
          policyTypes: ['Egress'],
        }),
      ],
      'allow',
    ],
    [
      'DoesNotExist',
      [
        policy('x', {
          podSelector: { matchExpressions: [{ key: 'b', operator: 'DoesNotExist' }] },
          policyTypes: ['Egress'],
        }),
      ],
      'deny',
    ],
    [
      'a selector that cannot be read',
      [policy('x', { podSelector: { matchExpressions: 7 }, policyTypes: ['Egress'] })],
      'unknown',
    ],
    ['a spec that cannot be read', [policy('x', 7)], 'unknown'],
    ['a peer that cannot be read', [rules({ to: [{ ipBlock: { cidr: 'x' } }] })], 'unknown'],
  ] as const)('gives %s its meaning', (_, objects, verdict) => {
    expect(evaluate(objects, to('8.8.8.8'))).toBe(verdict);
  });

  it('looks at the labels of pods and of their namespaces', () => {
    const objects = rules({
      to: [
        { namespaceSelector: { matchLabels: { team: 'x' } }, podSelector: { matchLabels: { app: 'db' } } },
      ],
    });
    const pod = (labels: Record<string, string>, namespaceLabels: Record<string, string>, namespace = 'b') =>
      evaluate([objects], to('10.1.1.1', 443, { pod: { labels, namespaceLabels, namespace } }));
    expect(pod({ app: 'db' }, { team: 'x' })).toBe('allow');
    expect(pod({ app: 'web' }, { team: 'x' })).toBe('deny');
    expect(pod({ app: 'db' }, { team: 'y' })).toBe('deny');
    const own = rules({ to: [{ podSelector: { matchLabels: { app: 'db' } } }] });
    const inOwn = { labels: { app: 'db' }, namespaceLabels: {}, namespace: 'agents' };
    expect(evaluate([own], to('10.1.1.1', 443, { pod: inOwn }))).toBe('allow');
    expect(evaluate([own], to('10.1.1.1', 443, { pod: { ...inOwn, namespace: 'b' } }))).toBe('deny');
  });

  it('cannot say whether a name has an address of a range, or a range means a pod', () => {
    const world = rules({ to: [{ ipBlock: { cidr: '0.0.0.0/0' } }] });
    expect(evaluate([world], { port: 443, protocol: 'TCP' })).toBe('unknown');
    const pod = { labels: {}, namespace: 'b', namespaceLabels: {} };
    expect(evaluate([world], to('10.1.1.1', 443, { pod }))).toBe('unknown');
  });
});

describe('networkPolicyReader.lift()', () => {
  it('finds nothing to say of what we make, and nothing open to the workload', () => {
    const objects = ours(['a.example.com', '9.9.9.9:853', '!b.example.com'], {
      allowPrivate: [parseCidr('10.1.0.0/16')],
    });
    expect(networkPolicyReader.lift(objects, context)).toMatchObject({ isFailOpen: false, weaknesses: [] });
    expect(lifted(objects)).toEqual([]);
    expect(weaknesses(objects, proxyContext)).toEqual([]);
    const open = lifted(objects, proxyContext);
    expect(open.slice(0, 5)).toEqual([
      'all:{80,443}',
      '10.1.0.0/16:{80,443}',
      'all:{80,443}',
      '[64:ff9b::a01:0]/112:{80,443}',
      '9.9.9.9:853',
    ]);
    expect(open).toContain('!172.16.0.0/12');
    expect(open).toContain('!169.254.0.0/16');
    // Some of it is open: a deny would say that nothing of it is.
    expect(open).not.toContain('!10.0.0.0/8');
  });

  it('says that everything is open to a pod that no policy selects', () => {
    const other = { ...context, podLabels: { app: 'else' } };
    expect(networkPolicyReader.lift(ours([]), other)).toMatchObject({
      isFailOpen: true,
      allowlist: { rules: [{ text: 'all' }] },
    });
    expect(weaknesses(ours([]), other)).toEqual(['error network-policy-none-selects Namespace/agents']);
  });

  it('names another policy that opens the pod, and what it opens', () => {
    const other = rules({
      to: [{ ipBlock: { cidr: '203.0.113.0/24' } }],
      ports: [{ protocol: 'TCP', port: 443 }],
    });
    const { weaknesses: found } = networkPolicyReader.lift([...ours(['a.example.com']), other], context);
    expect(found).toEqual([
      {
        code: 'network-policy-opened-by-other',
        severity: 'error',
        object: 'NetworkPolicy/other',
        message: 'policies add up, and this one opens what ours does not: TCP 443 to 203.0.113.0/24',
        remedy: 'Remove it, or have it select other pods',
      },
    ]);
    expect(lifted([...ours(['a.example.com']), other])).toEqual(['203.0.113.0/24:443']);
  });

  it('does not call one that opens DNS alone an opening', () => {
    const dns = rules({
      to: [{ namespaceSelector: {}, podSelector: { matchLabels: { a: 'b' } } }],
      ports: [{ protocol: 'UDP', port: 53 }],
    });
    expect(weaknesses([...ours([]), dns])).toEqual([]);
  });

  it.each([
    [[rules({})], ['error network-policy-egress-open NetworkPolicy/other']],
    [[rules({ to: [], ports: [{ port: 443 }] })], ['error network-policy-peers-empty NetworkPolicy/other']],
    [
      [rules({ to: [{ namespaceSelector: {} }] })],
      ['warning network-policy-cluster-open NetworkPolicy/other'],
    ],
    [
      [
        rules({
          to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] } }, { ipBlock: { cidr: '::/0' } }],
          ports: [{ port: 443 }],
        }),
      ],
      [
        'error network-policy-special-use-open NetworkPolicy/other',
        'warning network-policy-special-use-open NetworkPolicy/other',
      ],
    ],
    [
      [rules({ to: [{ ipBlock: { cidr: '8.8.8.0/24' } }] })],
      ['warning network-policy-other-protocols NetworkPolicy/other'],
    ],
    [
      [
        policy('mine', {
          podSelector: {},
          policyTypes: ['Ingress'],
          egress: [{ to: [{ podSelector: {} }] }],
        }),
        rules(),
      ],
      ['error network-policy-types-without-egress NetworkPolicy/mine'],
    ],
    [[rules({ to: [{}] })], ['warning network-policy-unreadable NetworkPolicy/other']],
    [[policy('mine', 7), rules()], ['warning network-policy-unreadable NetworkPolicy/mine']],
  ])('finds what makes %j weak', (objects, expected) => {
    expect(weaknesses(objects)).toEqual(expected);
  });

  it('finds the port of the DNS pods of OpenShift missing', () => {
    const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': 'openshift-dns' } };
    const dns = (...ports: number[]) =>
      rules({ to: [{ namespaceSelector }], ports: ports.map((port) => ({ protocol: 'UDP', port })) });
    expect(weaknesses([dns(53)])).toEqual(['warning network-policy-dns-port-missing NetworkPolicy/other']);
    expect(weaknesses([dns(53, 5353)])).toEqual([]);
    const anywhere = rules({
      to: [{ podSelector: { matchLabels: { a: 'b' } } }],
      ports: [{ protocol: 'UDP', port: 53 }],
    });
    expect(weaknesses([anywhere], { ...context, platform: 'openshift' })).toEqual([
      'warning network-policy-dns-port-missing NetworkPolicy/other',
    ]);
    expect(weaknesses([anywhere])).toEqual([]);
    expect(weaknesses(ours([], { platform: 'openshift' }), { ...context, platform: 'openshift' })).toEqual(
      [],
    );
  });

  it('finds the world open over one family where pods have two', () => {
    const [, proxyEgress] = ours(['a.example.com'], { families: 'ipv4' });
    const objects = proxyEgress === undefined ? [] : [proxyEgress];
    expect(weaknesses(objects, proxyContext)).toEqual([
      'info network-policy-one-family NetworkPolicy/paude-proxy-egress-demo',
    ]);
    expect(weaknesses(objects, { ...proxyContext, families: 'ipv4' })).toEqual([]);
  });

  it('says rather more than less is open of a policy with very many exceptions, and soon', () => {
    const except = Array.from({ length: 60_000 }, (_, index) => `10.${index >> 8}.${index & 255}.0/25`);
    const world = rules({ to: [{ ipBlock: { cidr: '0.0.0.0/0', except } }], ports: [{ port: 443 }] });
    const narrow = rules({ to: [{ ipBlock: { cidr: '10.0.0.0/8', except } }], ports: [{ port: 443 }] });
    // Half a second; where anything is quadratic the time of a test is not enough.
    expect(lifted([world])).toHaveLength(513);
    expect(lifted([narrow])).toEqual(['10.0.0.0/8:443']);
  });

  it('lifts a range less its exceptions', () => {
    const objects = [
      rules({
        to: [{ ipBlock: { cidr: '8.8.8.0/30', except: ['8.8.8.1/32'] } }],
        ports: [{ port: 8000, endPort: 8001 }],
      }),
    ];
    expect(lifted(objects)).toEqual(['8.8.8.0:{8000,8001}', '8.8.8.2/31:{8000,8001}']);
  });
});
