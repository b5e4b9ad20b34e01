import { parseWords } from '@paude/allowlist';
import { describe, expect, it } from 'vitest';
import { sessionIntent } from '../intents/intents.ts';
import { emitters, readers } from '../kinds.ts';
import type { LiftContext } from '../model/lifted.ts';
import type { KubernetesObject } from '../model/object.ts';
import { networkPolicyEmitter } from '../network-policy/network-policy-emitter.ts';
import { networkPolicyReader } from '../network-policy/network-policy-reader.ts';
import { diffSources } from './diff-sources.ts';
import { readEnforcement } from './read-enforcement.ts';
import type { Enforcement, RunningProxy, Source } from './source.ts';

const allowlist = parseWords(['api.example.com', 'git.example.org:{443,8443}']);
const intent = sessionIntent('demo', {
  namespace: 'agents',
  atMs: 0,
  platform: 'openshift',
  families: 'dual',
});

const allReaders = [...new Set([...readers, networkPolicyReader])];

const context = (podLabels: Readonly<Record<string, string>>): LiftContext => ({
  podLabels,
  namespace: 'agents',
  namespaceLabels: { 'kubernetes.io/metadata.name': 'agents' },
  families: 'dual',
  wildcardFirewallNames: false,
  platform: 'openshift',
});

/** As the emitters make them, in force: a fresh copy, to be changed as somebody at a terminal would. */
function emitted(): KubernetesObject[] {
  const firewall = emitters.get('EgressFirewall');
  const objects = [networkPolicyEmitter, firewall].flatMap(
    (emitter) => emitter?.emit(allowlist, intent).objects ?? [],
  );
  return objects.map(({ object }) => ({
    ...structuredClone(object),
    ...(object.kind === 'EgressFirewall' ? { status: { status: 'EgressFirewall Rules applied' } } : {}),
  }));
}

const enforcementOf = (objects: readonly KubernetesObject[], expected = emitted()) =>
  readEnforcement({
    objects,
    readers: allReaders,
    workload: context(intent.workload.labels),
    proxy: context(intent.proxy?.labels ?? {}),
    expected,
  });

const file: Source = {
  name: 'file:allow.yaml',
  kind: 'file',
  allowlist,
  enforcement: enforcementOf(emitted()),
};

const cluster = (objects: readonly KubernetesObject[], running?: RunningProxy): Source => ({
  name: 'cluster:agents',
  kind: 'cluster',
  allowlist,
  running,
  enforcement: enforcementOf(objects),
});

const told = (objects: readonly KubernetesObject[], running?: RunningProxy) =>
  diffSources(file, cluster(objects, running), { atMs: 0 }).rows.map(({ change, code, rule, risk, to }) =>
    [change, code, rule, risk, to?.text].filter((part) => part !== '').join(' '),
  );

/** The objects with one of them replaced. */
function changed(name: string, change: (spec: Spec) => Spec): KubernetesObject[] {
  return emitted().map((object) =>
    object.metadata.name === name ? { ...object, spec: change(object.spec as Spec) } : object,
  );
}

interface Spec {
  readonly egress: readonly Readonly<Record<string, unknown>>[];
}

describe('a file against a live namespace', () => {
  it('does not differ from what was made from it', () => {
    expect(told(emitted())).toEqual([]);
  });

  it('finds a rule that was added by hand', () => {
    const allow = { type: 'Allow', to: { dnsName: 'webhook.site' } };
    const rows = told(changed('default', (spec) => ({ ...spec, egress: [allow, ...spec.egress] })));
    expect(rows).toEqual([
      expect.stringMatching(/^added rule-added webhook\.site\S* high EgressFirewall\/default$/),
    ]);
  });

  it('finds an EgressFirewall without a final deny', () => {
    const rows = told(changed('default', (spec) => ({ ...spec, egress: spec.egress.slice(0, -2) })));
    expect(rows).toContain('unenforced egress-firewall-no-final-deny high EgressFirewall/default');
  });

  it('finds a deny of one family on dual stack', () => {
    const rows = told(changed('default', (spec) => ({ ...spec, egress: spec.egress.slice(0, -1) })));
    expect(rows).toContain('unenforced egress-firewall-family-open high EgressFirewall/default');
  });

  it('finds an EgressFirewall that failed', () => {
    const objects = emitted().map((object) =>
      object.kind === 'EgressFirewall'
        ? { ...object, status: { status: 'EgressFirewall Rules not correctly applied' } }
        : object,
    );
    expect(told(objects)).toContain('unenforced egress-firewall-status-failed high EgressFirewall/default');
  });

  it.each([
    ['EgressFirewall Rules applied, but for zone b', []],
    ['EgressFirewall Rules applied', ['zone-a: EgressFirewall Rules applied', 'zone-b: cannot resolve']],
  ])('finds an EgressFirewall that failed in part: %s', (status, messages) => {
    const objects = emitted().map((object) =>
      object.kind === 'EgressFirewall' ? { ...object, status: { status, messages } } : object,
    );
    expect(told(objects)).toContain('unenforced egress-firewall-status-failed high EgressFirewall/default');
  });

  it('takes an EgressFirewall that all zones have applied for what it is', () => {
    const status = {
      status: 'EgressFirewall Rules applied',
      messages: ['node-error-1: EgressFirewall Rules applied'],
    };
    const objects = emitted().map((object) =>
      object.kind === 'EgressFirewall' ? { ...object, status } : object,
    );
    expect(told(objects)).toEqual([]);
  });

  it.each([
    [{ nodeSelector: {} }, undefined, 'elsewhere-open'],
    [{ cidrSelector: '8.8.8.8/32' }, [{ protocol: 'UDP', port: 53 }], 'other-protocols'],
  ])('finds what no allowlist can say: %j', (to, ports, code) => {
    const allow = { type: 'Allow', to, ...(ports === undefined ? {} : { ports }) };
    const rows = told(changed('default', (spec) => ({ ...spec, egress: [allow, ...spec.egress] })));
    expect(rows).toContain(`unenforced egress-firewall-${code} medium EgressFirewall/default`);
  });

  it('finds a second NetworkPolicy that opens the same pod', () => {
    const other: KubernetesObject = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'sandbox-template', namespace: 'agents' },
      spec: { podSelector: { matchLabels: { app: 'paude' } }, policyTypes: ['Egress'], egress: [{}] },
    };
    const rows = told([...emitted(), other]);
    expect(rows).toContainEqual(
      expect.stringMatching(/^unenforced network-policy-\S+ high NetworkPolicy\/sandbox-template$/),
    );
  });

  it('finds DNS on port 53 without 5353', () => {
    const rows = told(
      changed('paude-egress-demo', (spec) => ({
        egress: spec.egress.map((rule) => ({
          ...rule,
          ports: (rule.ports as readonly { readonly port: number }[]).filter(({ port }) => port !== 5353),
        })),
        ...{
          podSelector: (spec as unknown as Record<string, unknown>).podSelector,
          policyTypes: ['Egress', 'Ingress'],
        },
      })),
    );
    expect(rows).toContainEqual(
      expect.stringMatching(
        /^unenforced network-policy-dns-port-missing \S+ NetworkPolicy\/paude-egress-demo$/,
      ),
    );
  });

  it('finds an object that is not there', () => {
    const objects = emitted().filter(({ metadata }) => metadata.name !== 'paude-egress-demo');
    const rows = told(objects);
    expect(rows).toContain('unenforced object-missing high NetworkPolicy/paude-egress-demo');
    expect(rows).toContainEqual(expect.stringMatching(/^unenforced network-policy-none-selects high /));
  });

  it('finds a proxy that runs by an older allowlist', () => {
    const running = {
      where: 'Pod/paude-proxy-demo-1',
      allowlist: parseWords(['api.example.com', 'old.example.com']),
    };
    expect(told(emitted(), running)).toEqual([
      'unenforced proxy-older-allowlist old.example.com high Pod/paude-proxy-demo-1',
      'unenforced proxy-allowlist-pending git.example.org:{443,8443} low Pod/paude-proxy-demo-1',
    ]);
  });

  it('finds a proxy that only reports', () => {
    const running = { where: 'Pod/paude-proxy-demo-1', allowlist, reportOnly: true };
    expect(told(emitted(), running)).toEqual(['unenforced proxy-report-only high Pod/paude-proxy-demo-1']);
    expect(told(emitted(), { ...running, reportOnly: false })).toEqual([]);
  });

  it('finds a kind that one side has to hold the pods, and the other has not', () => {
    const without = emitted().filter(({ kind }) => kind !== 'EgressFirewall');
    const side = { ...cluster(without), enforcement: enforcementOf(without, without) };
    expect(diffSources(file, side, { atMs: 0 }).rows).toMatchObject([
      {
        change: 'unenforced',
        code: 'kind-missing',
        risk: 'high',
        from: { object: 'EgressFirewall/default' },
      },
    ]);
    expect(diffSources(side, file, { atMs: 0 }).rows).toEqual([]);
  });

  it('finds what pods themselves are like', () => {
    const weak = { code: 'pod-host-network', severity: 'error', object: 'Pod/a', message: 'm', remedy: 'r' };
    const source = cluster(emitted());
    const enforcement = { ...enforcementOf(emitted()), weaknesses: [weak] } as Enforcement;
    const { rows } = diffSources(file, { ...source, enforcement }, { atMs: 0 });
    expect(rows).toMatchObject([
      { change: 'unenforced', code: 'pod-host-network', layer: 'Pod', why: 'Pod/a: m.' },
    ]);
  });

  it('does not call the same what nobody knows the names of', () => {
    const policies = emitted().filter(({ kind }) => kind !== 'EgressFirewall');
    const named = { ...file, enforcement: enforcementOf(policies, policies) };
    const silent = { ...named, allowlist: undefined };
    const codes = (from: Source, to: Source) =>
      diffSources(from, to, { atMs: 0 }).rows.map(({ change, code }) => `${change} ${code}`);
    expect(codes(named, silent)).toEqual(['undecided names-unknown']);
    expect(codes(silent, named)).toEqual(['undecided names-unknown']);
    expect(codes(silent, silent)).toEqual([]);
    const pods = { layers: [], missing: [] };
    expect(codes(named, { ...silent, enforcement: pods })).toContain('undecided names-unknown');
  });

  const cilium = (managed: boolean): KubernetesObject => ({
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumNetworkPolicy',
    metadata: {
      name: 'names',
      namespace: 'agents',
      ...(managed ? { labels: { 'app.kubernetes.io/managed-by': 'paude' } } : {}),
    },
    spec: { endpointSelector: { matchLabels: { app: 'another' } }, egress: [{ toEntities: ['world'] }] },
  });

  it('finds a policy of ours that selects our pods no longer, and leaves those of others alone', () => {
    expect(told([...emitted(), cilium(false)])).toEqual([]);
    expect(told([...emitted(), cilium(true)])).toEqual([
      expect.stringMatching(/^unenforced cilium-selects-nothing \S+ CiliumNetworkPolicy\/names$/),
    ]);
  });

  it('reads whatever it is given', () => {
    const odd = [{}, { kind: 'NetworkPolicy' }, { apiVersion: 7, kind: 'EgressFirewall', metadata: null }];
    expect(() => enforcementOf(odd as unknown as KubernetesObject[])).not.toThrow();
  });
});
