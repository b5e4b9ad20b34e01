import { parseCidr, parseWords } from '@paude/allowlist';
import {
  deployObjects,
  deploySidecar,
  type EmittedObject,
  type KubernetesObject,
  networkPolicyEmitter,
  proxyBundle,
  sessionIntent,
  standaloneIntent,
} from '@paude/policy';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ApiServer, clusterTests, SERVER_TIMEOUT_MS, startApiServer } from '../cluster/api-server.ts';

/** The pod that a Deployment would make, by itself. */
function podOf(deployment: KubernetesObject | undefined): KubernetesObject {
  const { template } = (deployment as { spec?: { template: { spec: object } } } | undefined)?.spec ?? {};
  if (template === undefined) throw new Error('there is no Deployment');
  return { ...template, apiVersion: 'v1', kind: 'Pod', metadata: { name: 'pod' } };
}

const deploymentOf = (objects: readonly EmittedObject[]): KubernetesObject | undefined =>
  objects.find(({ object }) => object.kind === 'Deployment')?.object;

clusterTests.describe('what policies and bundles are made of, before a real API server', () => {
  let server: ApiServer;

  beforeAll(async () => {
    server = await startApiServer();
  }, SERVER_TIMEOUT_MS);

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  /** Applies objects with strict field validation, all in one namespace. */
  async function apply(objects: readonly KubernetesObject[], namespace: string): Promise<string[]> {
    const kinds: string[] = [];
    for (const object of objects) {
      const here = { ...object, metadata: { ...object.metadata, namespace } };
      const { kind } = await server.admin.apply(here, { fieldManager: 'paude' });
      kinds.push(kind);
    }
    return kinds;
  }

  it.each(['base', 'openshift', 'other-namespace'] as const)('takes deploy/%s, strictly', async (name) => {
    const objects = deployObjects()[name].map(({ object }) => object);
    expect(await apply(objects, await server.namespace())).toEqual(objects.map(({ kind }) => kind));
  });

  it('takes every shape of NetworkPolicy', async () => {
    const namespace = await server.namespace();
    const words = [
      '.example.com',
      '8.8.8.0/24:{53,853}',
      '[2606:4700::]/32:*',
      '10.1.0.0/16:5432',
      'all:*',
      '!all:25',
    ];
    const ranges = ['10.1.0.0/16', '169.254.0.0/16', '169.254.169.254/32', 'fd00::/8', '0.0.0.0/0', '::/0'];
    let count = 0;
    for (const families of ['ipv4', 'ipv6', 'dual'] as const) {
      for (const dns of ['kube-dns', 'openshift', 'node-local', 'none'] as const) {
        const options = { namespace, atMs: 0, families, dns, allowPrivate: ranges.map(parseCidr) };
        const monitoring = { labels: {}, namespaceLabels: { team: 'x' } };
        const intents = [sessionIntent('s', options), standaloneIntent('p', { ...options, monitoring })];
        for (const intent of intents) {
          const { objects } = networkPolicyEmitter.emit(parseWords(words), intent);
          count += (
            await apply(
              objects.map(({ object }) => object),
              namespace,
            )
          ).length;
        }
      }
    }
    expect(count).toBe(3 * 4 * 2 * 3);
  });

  it('takes the names of the longest session', async () => {
    const namespace = await server.namespace();
    const intent = sessionIntent('s'.repeat(46), { namespace, atMs: 0 });
    const { objects } = proxyBundle(parseWords(['default']), intent, { image: 'paude-proxy:latest' });
    expect(
      await apply(
        objects.map(({ object }) => object),
        namespace,
      ),
    ).toHaveLength(7);
  });

  it('takes the pods of proxy and sidecar where Pod Security is restricted, and would refuse others', async () => {
    const namespace = await server.namespace({ 'pod-security.kubernetes.io/enforce': 'restricted' });
    const { base } = deployObjects();
    const account = base.filter(({ object }) => object.kind === 'ServiceAccount').map(({ object }) => object);
    await apply(account, namespace);
    const create = (pod: KubernetesObject): Promise<unknown> =>
      server.admin.create({ ...pod, metadata: { ...pod.metadata, namespace } }, { dryRun: true });
    const proxy = podOf(deploymentOf(base));
    await expect(create(proxy)).resolves.toMatchObject({ kind: 'Pod' });
    const { spec } = proxy as { spec?: object };
    await expect(create({ ...proxy, spec: { ...spec, hostNetwork: true } })).rejects.toThrow(/restricted/);
    // The sidecar's patch by itself: a pod whose only other container is the workload's, secured as it has to be.
    const patch = podOf(deploySidecar().patch.object) as unknown as {
      spec: { initContainers: { securityContext: object }[]; containers: object[] };
    } & KubernetesObject;
    const securityContext = patch.spec.initContainers[0]?.securityContext;
    const containers = patch.spec.containers.map((container) => ({
      ...container,
      image: 'agent',
      securityContext,
    }));
    const secured = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } };
    const pod = {
      ...patch,
      spec: {
        ...patch.spec,
        containers,
        securityContext: secured,
        serviceAccountName: 'paude-proxy',
        automountServiceAccountToken: false,
      },
    };
    await expect(create(pod)).resolves.toMatchObject({ kind: 'Pod' });
  });
});
