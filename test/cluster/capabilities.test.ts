import { type Capabilities, openCluster } from '@paude/cluster';
import { afterAll, beforeAll, expect } from 'vitest';
import { eventually } from '../support/deadline.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { type OwnApiServer, ownServerTests, SERVER_TIMEOUT_MS, startOwnApiServer } from './api-server.ts';
import { KUBERNETES_VERSION } from './programs.ts';

const DEFINITION = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' };
const GATES = { apiVersion: 'config.openshift.io/v1', kind: 'FeatureGate', metadata: { name: 'cluster' } };

ownServerTests.describe('capabilities()', () => {
  let server: OwnApiServer;
  beforeAll(async () => {
    server = await startOwnApiServer();
  }, SERVER_TIMEOUT_MS);
  afterAll(() => server?.[Symbol.asyncDispose]());

  /** What somebody finds out who has just come. */
  async function asked(kubeconfig = server.kubeconfig): Promise<Capabilities> {
    const cluster = untilTestEnds(await openCluster({ kubeconfig, environment: {} }));
    return cluster.capabilities();
  }
  const wildcards = async () => (await asked()).egressFirewallWildcards;

  ownServerTests.test('names the kinds that are served, for a user who may do nothing at all', async () => {
    const kubeconfig = await server.userKubeconfig(await server.namespace(), []);
    expect(await asked(kubeconfig)).toEqual({
      serverVersion: `v${KUBERNETES_VERSION}`,
      openshift: false,
      kinds: {
        NetworkPolicy: 'networking.k8s.io/v1',
        EgressFirewall: 'k8s.ovn.org/v1',
        CiliumNetworkPolicy: 'cilium.io/v2',
        ClusterNetworkPolicy: 'policy.networking.k8s.io/v1alpha2',
        FQDNNetworkPolicy: 'networking.gke.io/v1alpha1',
        ApplicationNetworkPolicy: 'networking.k8s.aws/v1alpha1',
        AntreaNetworkPolicy: 'crd.antrea.io/v1beta1',
        EgressNetworkPolicy: 'network.openshift.io/v1',
        ServiceEntry: 'networking.istio.io/v1',
        Sidecar: 'networking.istio.io/v1',
        DNSNameResolver: 'network.openshift.io/v1alpha1',
      },
      egressFirewallWildcards: {
        support: 'unknown',
        why: 'DNSNameResolver is served, but the feature gates cannot be read',
      },
    });
  });

  ownServerTests.test(
    'takes OpenShift for what it is by its own groups, and its word on wildcards',
    async () => {
      await server.admin.create({
        ...DEFINITION,
        metadata: { name: 'featuregates.config.openshift.io' },
        spec: {
          group: 'config.openshift.io',
          scope: 'Cluster',
          names: { plural: 'featuregates', singular: 'featuregate', kind: 'FeatureGate' },
          versions: [
            {
              name: 'v1',
              served: true,
              storage: true,
              schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
            },
          ],
        },
      });
      await eventually('OpenShift to be seen', async () => (await asked()).openshift, { timeoutMs: 20_000 });
      expect((await wildcards()).support).toBe('unknown');
      const on = { version: '4.20.1', enabled: [{ name: 'DNSNameResolver' }], disabled: [] };
      const off = { version: '4.20.2', enabled: [], disabled: [{ name: 'DNSNameResolver' }] };
      const say = (...featureGates: readonly object[]) =>
        server.admin.apply({ ...GATES, status: { featureGates } }, { fieldManager: 'test' });
      await say(on);
      expect(await wildcards()).toEqual({
        support: 'yes',
        why: 'the feature gate DNSNameResolver is enabled',
      });
      await say(on, off);
      expect((await wildcards()).support).toBe('no');
      await say(off);
      expect((await wildcards()).support).toBe('no');
      await say({ version: '4.20.1', enabled: [], disabled: [] });
      expect((await wildcards()).support).toBe('unknown');
    },
  );

  ownServerTests.test('says no to wildcards where what they work through is missing', async () => {
    await removeKind('dnsnameresolvers.network.openshift.io', 'DNSNameResolver');
    expect(await wildcards()).toEqual({
      support: 'no',
      why: 'DNSNameResolver, which it needs, is not served',
    });
    await removeKind('egressfirewalls.k8s.ovn.org', 'EgressFirewall');
    expect(await wildcards()).toEqual({ support: 'no', why: 'there is no EgressFirewall' });
  });

  async function removeKind(name: string, kind: keyof Capabilities['kinds']): Promise<void> {
    await server.admin.remove(DEFINITION, name);
    await eventually(`${kind} to be gone`, async () => (await asked()).kinds[kind] === undefined, {
      timeoutMs: 20_000,
      intervalMs: 100,
    });
  }
});
