import { parseWords } from '@paude/allowlist';
import { describe, expect, it } from 'vitest';
import { proxyBundle } from '../bundle/proxy-bundle.ts';
import { sessionIntent } from '../intents/intents.ts';
import { readers } from '../kinds.ts';
import type { LiftContext } from '../model/lifted.ts';
import type { KubernetesObject } from '../model/object.ts';
import { readHeldPods } from './read-held-pods.ts';

const intent = sessionIntent('demo', { namespace: 'agents', atMs: 0 });
const { labels } = intent.workload;
const bundle = (): KubernetesObject[] =>
  proxyBundle(parseWords(['api.example.com']), intent, { image: 'paude-proxy:1' }).objects.map(({ object }) =>
    structuredClone(object),
  );

const context = (podLabels: Readonly<Record<string, string>> = {}): LiftContext => ({
  podLabels,
  namespace: 'agents',
  namespaceLabels: {},
  families: 'dual',
  wildcardFirewallNames: false,
});

const told = (objects: readonly KubernetesObject[]) =>
  readHeldPods({
    objects,
    readers,
    workload: context(labels),
    proxy: context(intent.proxy?.labels),
    configMap: 'paude-proxy-demo-allowlist',
  }).weaknesses?.map(({ code, severity, object }) => `${severity} ${code} ${object}`);

const pod = (name: string, more: object = {}, rest: object = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'agents', labels: { ...labels, ...more } },
  spec: {},
  ...rest,
});

const opening = (matchLabels: object): KubernetesObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'helpful', namespace: 'agents' },
  spec: { podSelector: { matchLabels }, policyTypes: ['Egress'], egress: [{}] },
});

/** The bundle, with the proxy's pods changed as somebody would by hand. */
function withProxy(change: (spec: PodSpec) => void): KubernetesObject[] {
  const objects = bundle();
  for (const { kind, spec } of objects)
    if (kind === 'Deployment') change((spec as { template: { spec: PodSpec } }).template.spec);
  return objects;
}

interface PodSpec {
  containers: [
    { env: { name: string; value?: string }[]; args?: string[]; envFrom?: object[]; volumeMounts: object[] },
  ];
  volumes: { name: string; configMap?: { name: string; items?: object[] } }[];
  hostNetwork?: boolean;
}

describe('readHeldPods()', () => {
  it('finds nothing in what is made here', () => {
    expect(told(bundle())).toEqual([]);
    expect(told([...bundle(), pod('a', { role: 'one' }), pod('b', { role: 'two' })])).toEqual([]);
  });

  it('finds a policy that selects but one of several pods, whichever stands first', () => {
    for (const pods of [
      [pod('a', { role: 'one' }), pod('b', { role: 'two' })],
      [pod('b', { role: 'two' }), pod('a', { role: 'one' })],
    ]) {
      const found = told([...bundle(), ...pods, opening({ role: 'two' })]);
      expect(found).toContainEqual(expect.stringMatching(/^error pods-held-otherwise Pod\//));
    }
  });

  it('leaves pods that have ended, and those of others, alone', () => {
    const ended = pod('b', { role: 'two' }, { status: { phase: 'Succeeded' } });
    expect(told([...bundle(), pod('a'), ended, opening({ role: 'two' })])).toEqual([]);
    const another = { ...pod('b'), metadata: { name: 'b', namespace: 'agents', labels: { role: 'two' } } };
    expect(told([...bundle(), pod('a'), another, opening({ role: 'two' })])).toEqual([]);
  });

  it('looks at so many pods alone, and says that there are more', () => {
    const pods = Array.from({ length: 40 }, (_, index) => pod(`p${index}`, { role: `r${index}` }));
    expect(told([...bundle(), ...pods, opening({ role: 'x' })])).toEqual(['warning pods-unread Pod/p21']);
    // Labels that no selector asks for tell no pods apart.
    expect(told([...bundle(), ...pods])).toEqual([]);
  });

  it('finds pods in the network of their node', () => {
    expect(told([...bundle(), pod('a', {}, { spec: { hostNetwork: true } })])).toEqual([
      'error pod-host-network Pod/a',
    ]);
  });

  it.each<[what: string, code: string, change: (spec: PodSpec) => void]>([
    [
      'only reports',
      'error proxy-report-only',
      ({ containers: [proxy] }) => proxy.env.push({ name: 'PAUDE_PROXY_REPORT_ONLY', value: 'yes' }),
    ],
    [
      'has more rules in a variable',
      'error proxy-other-rules',
      ({ containers: [proxy] }) => proxy.env.push({ name: 'ALLOWED_DOMAINS', value: 'all' }),
    ],
    [
      'has more rules in its arguments',
      'error proxy-other-rules',
      ({ containers: [proxy] }) => {
        proxy.args = ['--allowed-domains=all'];
      },
    ],
    [
      'reads another ConfigMap',
      'error proxy-other-allowlist',
      ({ volumes }) => {
        for (const { configMap } of volumes) if (configMap !== undefined) configMap.name = 'other';
      },
    ],
    [
      'reads another key of its ConfigMap',
      'error proxy-other-allowlist',
      ({ volumes }) => {
        for (const { configMap } of volumes)
          if (configMap !== undefined) configMap.items = [{ key: 'wide', path: 'allowlist.yaml' }];
      },
    ],
    [
      'reads another file',
      'error proxy-other-allowlist',
      ({ containers: [proxy] }) => proxy.env.push({ name: 'PAUDE_PROXY_ALLOWLIST', value: '/tmp/a.yaml' }),
    ],
    [
      'reads a file that is mounted over the ConfigMap’s',
      'error proxy-other-allowlist',
      ({ containers: [proxy] }) =>
        proxy.volumeMounts.push({ name: 'tmp', mountPath: '/etc/paude/allowlist/allowlist.yaml' }),
    ],
    [
      'has variables from elsewhere',
      'warning proxy-rules-unknown',
      ({ containers: [proxy] }) => {
        proxy.envFrom = [{ secretRef: { name: 'x' } }];
      },
    ],
    [
      'says of no rules',
      'warning proxy-rules-unknown',
      ({ containers: [proxy] }) => {
        proxy.env = [];
      },
    ],
  ])('finds a proxy that %s', (_what, code, change) => {
    expect(told(withProxy(change))).toEqual([`${code} Deployment/paude-proxy-demo`]);
  });

  const unread = (apiVersion: string, kind: string, rule: object, namespace?: string): KubernetesObject => ({
    apiVersion,
    kind,
    metadata: { name: 'x', ...(namespace === undefined ? {} : { namespace }) },
    spec: { egress: [rule] },
  });

  it.each([
    ['cilium.io/v2', 'CiliumClusterwideNetworkPolicy', { toEntities: ['world'] }],
    ['policy.networking.k8s.io/v1alpha1', 'AdminNetworkPolicy', { action: 'Allow' }],
    ['crd.antrea.io/v1beta1', 'ClusterNetworkPolicy', { action: 'Allow' }],
    ['crd.projectcalico.org/v1', 'GlobalNetworkPolicy', { action: 'Allow' }],
    ['projectcalico.org/v3', 'NetworkPolicy', { action: 'Pass' }],
    ['extensions/v1beta1', 'NetworkPolicy', {}],
    ['k8s.example.org/v1', 'EgressFirewall', { type: 'Allow' }],
  ])('tells of a policy that nobody reads here: %s %s', (apiVersion, kind, rule) => {
    expect(told([...bundle(), unread(apiVersion, kind, rule)])).toEqual([`warning kind-unread ${kind}/x`]);
  });

  it('leaves those that only deny, that are read, or that are for other namespaces, alone', () => {
    const denying = unread('policy.networking.k8s.io/v1alpha1', 'AdminNetworkPolicy', { action: 'Deny' });
    const elsewhere = unread('projectcalico.org/v3', 'NetworkPolicy', { action: 'Allow' }, 'other');
    const antrea = unread('crd.antrea.io/v1beta1', 'NetworkPolicy', { action: 'Allow' }, 'other');
    expect(told([...bundle(), denying, elsewhere, antrea])).toEqual([]);
  });

  it('takes a switch that is off for what it is', () => {
    const off = withProxy(({ containers: [proxy] }) => {
      proxy.env.push({ name: 'PAUDE_PROXY_REPORT_ONLY', value: '0' }, { name: 'ALLOWED_DOMAINS', value: '' });
    });
    expect(told(off)).toEqual([]);
  });

  it.each([[{}], [null], [{ spec: null }], [{ spec: { containers: 5 } }], [{ metadata: { labels: 7 } }]])(
    'reads whatever a pod is: %j',
    (junk) => {
      const objects = [{ ...pod('x'), ...junk }, junk] as unknown as KubernetesObject[];
      expect(() => told(objects.filter(Boolean))).not.toThrow();
    },
  );
});
