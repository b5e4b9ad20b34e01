import { type Cluster, openCluster, type WrittenObject } from '@paude/cluster';
import { afterAll, beforeAll, expect } from 'vitest';
import { untilTestEnds } from '../support/teardown.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { apiDoor } from './api-door.ts';
import { type OwnApiServer, ownServerTests, SERVER_TIMEOUT_MS, startOwnApiServer } from './api-server.ts';

const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap' };
const NETWORK_POLICY = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' };
const fieldManager = 'paude';

ownServerTests.describe('objects of a real API server', () => {
  let server: OwnApiServer;
  let cluster: Cluster;
  let namespace: string;
  beforeAll(async () => {
    server = await startOwnApiServer();
    namespace = await server.namespace();
    cluster = await openCluster({ kubeconfig: server.kubeconfig, namespace, environment: {} });
  }, SERVER_TIMEOUT_MS);
  afterAll(async () => {
    cluster?.close();
    await server?.[Symbol.asyncDispose]();
  });

  const configMap = (name: string, data: Readonly<Record<string, string>> = {}): WrittenObject => ({
    ...CONFIG_MAP,
    metadata: { name },
    data,
  });

  ownServerTests.test(
    'list() gives 1,500 objects once each, as of one moment, though more come between its pages',
    async () => {
      const many = await server.namespace();
      const names = Array.from({ length: 1500 }, (_, index) => `map-${String(index).padStart(4, '0')}`);
      for (let at = 0; at < names.length; at += 50) {
        const some = names.slice(at, at + 50);
        await Promise.all(some.map((name) => cluster.create(configMap(name), { namespace: many })));
      }
      let pages = 0;
      const door = untilTestEnds(
        await apiDoor(server, {
          before: async (path) => {
            if (!path.includes('/configmaps?')) return;
            pages++;
            await cluster.create(configMap(`late-${pages}`), { namespace: many });
            await cluster.remove(CONFIG_MAP, names[pages] ?? '', { namespace: many });
          },
        }),
      );
      const through = await openDoor(door.kubeconfig);
      const { items, resourceVersion } = await through.list(CONFIG_MAP, { namespace: many, pageSize: 100 });
      // What happened before the first page is in it; what happened later is not.
      expect(items.map(({ metadata }) => metadata.name)).toEqual([
        'late-1',
        ...names.filter((name) => name !== names[1]),
      ]);
      expect(pages).toBe(15);
      expect(items[0]).toMatchObject({ ...CONFIG_MAP, metadata: { namespace: many } });
      expect(resourceVersion).toMatch(/^\d+$/);
    },
    120_000,
  );

  ownServerTests.test(
    'list() begins anew when its moment is forgotten between two pages',
    async () => {
      const few = await server.namespace();
      for (const name of ['a', 'b', 'c', 'd']) await cluster.create(configMap(name), { namespace: few });
      let compacted = false;
      const door = untilTestEnds(
        await apiDoor(server, {
          before: async (path) => {
            if (compacted || !path.includes('continue=')) return;
            compacted = true;
            await cluster.create(configMap('e'), { namespace: few });
            await server.compact();
            await server.kill();
            await server.start();
          },
        }),
      );
      const through = await openDoor(door.kubeconfig);
      const { items } = await through.list(CONFIG_MAP, { namespace: few, pageSize: 2 });
      expect(items.map(({ metadata }) => metadata.name)).toEqual(['a', 'b', 'c', 'd', 'e']);
      expect(
        door.asked.filter((path) => path.includes('/configmaps?') && !path.includes('continue=')),
      ).toHaveLength(2);
    },
    120_000,
  );

  ownServerTests.test('list() selects by labels and fields, in one namespace or all', async () => {
    const other = await server.namespace();
    const labelled = (name: string) => ({ ...configMap(name), metadata: { name, labels: { select: 'me' } } });
    await cluster.create(labelled('one'));
    await cluster.create(labelled('two'), { namespace: other });
    await cluster.create(configMap('three'));
    const names = async (options: object) =>
      (await cluster.list(CONFIG_MAP, options)).items.map(({ metadata }) => metadata.name);
    expect(await names({ labelSelector: 'select=me' })).toEqual(['one']);
    expect((await names({ labelSelector: 'select=me', allNamespaces: true })).sort()).toEqual(['one', 'two']);
    expect(await names({ fieldSelector: 'metadata.name=three' })).toEqual(['three']);
  });

  ownServerTests.test(
    'apply() gives what the server made of it, with nothing dropped or renamed',
    async () => {
      const spec = {
        podSelector: { matchLabels: { app: 'paude' } },
        policyTypes: ['Egress'],
        egress: [
          { to: [{ ipBlock: { cidr: '192.0.2.0/24', except: ['192.0.2.7/32'] } }], ports: [{ port: 443 }] },
        ],
      };
      const made = await cluster.apply(
        { ...NETWORK_POLICY, metadata: { name: 'a' }, spec },
        { fieldManager },
      );
      expect(made.metadata.creationTimestamp).toMatch(/^\d{4}-\d{2}-\d{2}T[\d:]{8}Z$/);
      // The server's own default.
      expect(made.spec).toEqual({
        ...spec,
        egress: [{ ...spec.egress[0], ports: [{ port: 443, protocol: 'TCP' }] }],
      });
      expect(await cluster.get(NETWORK_POLICY, 'a')).toEqual(made);
    },
  );

  ownServerTests.test(
    'apply() removes what its manager no longer names, and keeps what others added',
    async () => {
      await cluster.apply(configMap('shared', { a: '1', b: '2' }), { fieldManager });
      await cluster.apply(configMap('shared', { c: '3' }), { fieldManager: 'somebody' });
      const { data } = await cluster.apply(configMap('shared', { a: '1' }), { fieldManager });
      expect(data).toEqual({ a: '1', c: '3' });
    },
  );

  ownServerTests.test(
    'apply() and remove() on trial change nothing, and say what would come out',
    async () => {
      await cluster.apply(configMap('trial', { a: '1' }), { fieldManager });
      const trial = await cluster.apply(configMap('trial', { a: '2' }), { fieldManager, dryRun: true });
      expect(trial.data).toEqual({ a: '2' });
      expect(await cluster.remove(CONFIG_MAP, 'trial', { dryRun: true })).toBe(true);
      expect((await cluster.get(CONFIG_MAP, 'trial')).data).toEqual({ a: '1' });
      await cluster.apply(configMap('untried', {}), { fieldManager, dryRun: true });
      expect(await cluster.find(CONFIG_MAP, 'untried')).toBeUndefined();
    },
  );

  ownServerTests.test(
    'remove() says whether there was one, and spares another under the same name',
    async () => {
      const { metadata } = await cluster.create(configMap('gone'));
      const stranger = cluster.remove(CONFIG_MAP, 'gone', { uid: '00000000-0000-0000-0000-000000000000' });
      await expect(stranger).rejects.toMatchObject({ code: 'cluster-conflict' });
      expect(await cluster.remove(CONFIG_MAP, 'gone', { ...(metadata.uid && { uid: metadata.uid }) })).toBe(
        true,
      );
      expect(await cluster.remove(CONFIG_MAP, 'gone')).toBe(false);
      expect(await cluster.remove(CONFIG_MAP, 'gone', { namespace: 'not-there' })).toBe(false);
    },
  );

  ownServerTests.test('remove() waits for nobody: what has a finalizer stays, marked', async () => {
    const metadata = { name: 'held', finalizers: ['paude.test/held'] };
    await cluster.create({ ...CONFIG_MAP, metadata });
    expect(await cluster.remove(CONFIG_MAP, 'held', { propagation: 'foreground' })).toBe(true);
    expect((await cluster.get(CONFIG_MAP, 'held')).metadata.deletionTimestamp).toBeDefined();
  });

  ownServerTests.test('names with upper case and colons are names, and paths are not', async () => {
    const kind = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role' };
    await cluster.create({ ...kind, metadata: { name: 'paude:Test' }, rules: [] });
    expect((await cluster.get(kind, 'paude:Test')).metadata.name).toBe('paude:Test');
    const invalid = { code: 'cluster-object-invalid' };
    for (const name of ['', '.', '..', 'a/../paude:Test', 'a%2f..%2fpaude:Test']) {
      await expect(cluster.remove(kind, name)).rejects.toMatchObject(invalid);
      await expect(cluster.list(kind, { namespace: name })).rejects.toMatchObject(invalid);
    }
    const elsewhere = { apiVersion: 'apps/../../api/v1', kind: 'Namespace' };
    await expect(cluster.list(elsewhere)).rejects.toMatchObject({ code: 'cluster-kind-missing' });
  });

  ownServerTests.test(
    'a kind that is installed later is found without opening the cluster again',
    async () => {
      const group = 'later.paude.test';
      const kind = { apiVersion: `${group}/v1`, kind: 'Later' };
      await expect(cluster.list(kind)).rejects.toMatchObject({ code: 'cluster-kind-missing' });
      await cluster.create({
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: `laters.${group}` },
        spec: {
          group,
          scope: 'Namespaced',
          names: { plural: 'laters', singular: 'later', kind: 'Later' },
          versions: [
            { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
          ],
        },
      });
      await expect
        .poll(
          () =>
            cluster.list(kind).then(
              ({ items }) => items,
              () => 'missing',
            ),
          { timeout: 20_000 },
        )
        .toEqual([]);
    },
  );

  async function openDoor(text: string): Promise<Cluster> {
    const directory = untilTestEnds(await temporaryDirectory('door'));
    const kubeconfig = await directory.write('kubeconfig', text);
    return untilTestEnds(await openCluster({ kubeconfig, namespace, environment: {} }));
  }
});
