import { parseWords } from '@paude/allowlist';
import { describe, expect, it } from 'vitest';
import { sessionIntent } from '../intents/intents.ts';
import type { LiftContext } from '../model/lifted.ts';
import type { KubernetesObject } from '../model/object.ts';
import { networkPolicyEmitter } from './network-policy-emitter.ts';
import { networkPolicyReader } from './network-policy-reader.ts';

const intent = sessionIntent('demo', { namespace: 'agents', atMs: 0 });

const made = (changes: object = {}): KubernetesObject[] =>
  networkPolicyEmitter
    .emit(parseWords(['api.example.com']), { ...intent, ...changes })
    .objects.map(({ object }) => object);

const contextOf = (podLabels: Readonly<Record<string, string>> = {}): LiftContext => ({
  podLabels,
  namespace: 'agents',
  namespaceLabels: { 'kubernetes.io/metadata.name': 'agents' },
  families: 'dual',
  wildcardFirewallNames: false,
  meant: made(),
});
const workload = contextOf(intent.workload.labels);
const proxy = contextOf(intent.proxy?.labels);

type Spec = Record<'egress' | 'ingress' | 'policyTypes', unknown[]> & { podSelector: object };

/** The policies that were made, one of them changed as somebody would by hand. */
function changed(name: string, change: (spec: Spec) => Partial<Spec>): KubernetesObject[] {
  return made().map((object) =>
    object.metadata.name === name
      ? { ...object, spec: { ...(object.spec as Spec), ...change(object.spec as Spec) } }
      : object,
  );
}

const other = (spec: object, labels = {}): KubernetesObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'other', namespace: 'agents', labels },
  spec,
});

const told = (objects: readonly KubernetesObject[], context: LiftContext) =>
  networkPolicyReader
    .lift(objects, context)
    .weaknesses.filter(({ severity }) => severity !== 'info')
    .map(({ severity, code, object, message }) => `${severity} ${code} ${object}: ${message}`);

const WEB = [{ protocol: 'TCP', port: 443 }];
const opening = (to: object, ports: object[] = WEB) =>
  changed('paude-egress-demo', ({ egress }) => ({ egress: [...egress, { to: [to], ports }] }));
const letting = (rule: object) =>
  changed('paude-proxy-ingress-demo', ({ ingress }) => ({ ingress: [...ingress, rule] }));

describe('pods that are not meant', () => {
  it('are none in what was made, at whatever port the proxy listens', () => {
    for (const objects of [made(), made({ proxyPort: 8080 })]) {
      expect(told(objects, workload)).toEqual([]);
      expect(told(objects, proxy)).toEqual([]);
    }
  });

  it.each([
    [{ podSelector: { matchLabels: { app: 'exit' } } }, 'TCP 443 to pods of the namespace'],
    [{ podSelector: {} }, 'TCP 443 to pods of the namespace'],
    [{ namespaceSelector: { matchLabels: { team: 'b' } } }, 'TCP 443 to pods of other namespaces'],
    [
      { namespaceSelector: {}, podSelector: { matchExpressions: [{ key: 'a', operator: 'DoesNotExist' }] } },
      'TCP 443 to pods of every namespace',
    ],
  ])('are found in a policy of ours that reaches %j', (to, what) => {
    expect(told(opening(to), workload)).toEqual([
      `warning network-policy-pods-opened NetworkPolicy/paude-egress-demo: it opens pods that are not meant, any of which may lead on: ${what}`,
    ]);
  });

  it('are found at the port of DNS, too, and at the proxy’s admin port', () => {
    const dns = [{ protocol: 'UDP', port: 53 }];
    expect(told(opening({ podSelector: { matchLabels: { app: 'tunnel' } } }, dns), workload)).toHaveLength(1);
    const admin = opening({ podSelector: { matchLabels: intent.proxy?.labels } }, [
      { protocol: 'TCP', port: 9128 },
    ]);
    expect(told(admin, workload)).toEqual([expect.stringContaining('TCP 9128')]);
  });

  it('are found in a policy that only says that it is ours', () => {
    const spec = { podSelector: {}, policyTypes: ['Egress'], egress: [{ to: [{ podSelector: {} }] }] };
    expect(told([...made(), other(spec, { app: 'paude' })], workload)).toEqual([
      expect.stringContaining('network-policy-pods-opened NetworkPolicy/other'),
    ]);
  });
});

describe('those who are not meant to come in', () => {
  it.each([
    [{}, 'error', 'every port from anywhere'],
    [{ from: [{ namespaceSelector: {} }] }, 'error', 'every port from pods of every namespace'],
    [{ from: [{ ipBlock: { cidr: '0.0.0.0/0' } }] }, 'error', 'every port from 0.0.0.0/0'],
    [
      { from: [{ podSelector: {} }], ports: [{ protocol: 'TCP', port: 3128 }] },
      'warning',
      'TCP 3128 from pods of the namespace',
    ],
  ])('are found in %j', (rule, severity, what) => {
    expect(told(letting(rule), proxy)).toEqual([
      `${severity} network-policy-ingress-open NetworkPolicy/paude-proxy-ingress-demo: it lets in others than are meant: ${what}`,
    ]);
  });

  it('are found in the policy of another', () => {
    const spec = { podSelector: {}, policyTypes: ['Ingress'], ingress: [{}] };
    expect(told([...made(), other(spec)], proxy)).toEqual([
      expect.stringContaining('error network-policy-ingress-open NetworkPolicy/other'),
    ]);
    // Without types a policy is for what comes in.
    expect(told([...made(), other({ podSelector: {}, ingress: [{}] })], proxy)).toHaveLength(1);
  });

  it.each([
    ['selects others', { podSelector: { matchLabels: { app: 'x' } } }],
    ['is for what goes out alone', { policyTypes: ['Egress'] }],
  ])('are found when the policy %s', (_what, change) => {
    expect(
      told(
        changed('paude-proxy-ingress-demo', () => change),
        proxy,
      ),
    ).toContainEqual(expect.stringContaining('error network-policy-ingress-not-held Namespace/agents'));
  });
});
