import {
  type Cluster,
  openCluster,
  type WatchEvent,
  type WatchOptions,
  type WrittenObject,
} from '@paude/cluster';
import { afterAll, beforeAll, expect } from 'vitest';
import { eventually } from '../support/deadline.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { type ApiDoor, apiDoor } from './api-door.ts';
import { type OwnApiServer, ownServerTests, SERVER_TIMEOUT_MS, startOwnApiServer } from './api-server.ts';

const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap' };
const fieldManager = 'test';
const waitMs = 30_000;

/** The events of a watch as words, `added a=1`, and a way to wait for one. */
interface Followed extends AsyncDisposable {
  readonly words: readonly string[];
  readonly events: readonly WatchEvent[];
  readonly failure: () => unknown;
  until(word: string): Promise<void>;
}

function follow(cluster: Cluster, options: WatchOptions = {}): Followed {
  const controller = new AbortController();
  const events: WatchEvent[] = [];
  const words: string[] = [];
  let failure: unknown;
  const over = (async () => {
    try {
      const watched = { ...options, signal: controller.signal, maxBackoffMs: 200 };
      for await (const event of cluster.watch(CONFIG_MAP, watched)) {
        events.push(event);
        words.push(wordOf(event));
      }
    } catch (error) {
      failure = error;
    }
  })();
  return {
    words,
    events,
    failure: () => failure,
    until: async (word) => {
      await eventually(`the event "${word}" after ${words.join(', ')}`, () => words.includes(word), {
        timeoutMs: waitMs,
      });
    },
    async [Symbol.asyncDispose]() {
      controller.abort();
      await over;
    },
  };
}

function wordOf(event: WatchEvent): string {
  if (event.type === 'synced') return 'synced';
  const { data = {}, metadata } = event.object as typeof event.object & { data?: Record<string, string> };
  return `${event.type} ${metadata.name}=${data.v ?? ''}`;
}

ownServerTests.describe('watch()', () => {
  let server: OwnApiServer;
  let namespace: string;
  beforeAll(async () => {
    server = await startOwnApiServer();
  }, SERVER_TIMEOUT_MS);
  afterAll(() => server?.[Symbol.asyncDispose]());

  /** A cluster behind a door of its own, in a namespace of its own. */
  async function behindDoor(): Promise<{ readonly cluster: Cluster; readonly door: ApiDoor }> {
    namespace = await server.namespace();
    const door = untilTestEnds(await apiDoor(server));
    const directory = untilTestEnds(await temporaryDirectory('watch'));
    const kubeconfig = await directory.write('kubeconfig', door.kubeconfig);
    return { cluster: untilTestEnds(await openCluster({ kubeconfig, namespace, environment: {} })), door };
  }
  const configMap = (name: string, v: string): WrittenObject => ({
    ...CONFIG_MAP,
    metadata: { name },
    data: { v },
  });
  /** Past the door. */
  const set = (name: string, v: string) =>
    server.admin.apply(configMap(name, v), { fieldManager, namespace });
  const remove = (name: string) => server.admin.remove(CONFIG_MAP, name, { namespace });

  ownServerTests.test(
    'tells what is there, then that this is all, then each change once and in order',
    async () => {
      const { cluster } = await behindDoor();
      await set('a', '1');
      await set('b', '1');
      const followed = untilTestEnds(follow(cluster));
      await followed.until('synced');
      await set('a', '2');
      await set('c', '1');
      await remove('b');
      await followed.until('deleted b=1');
      expect(followed.words).toEqual([
        'added a=1',
        'added b=1',
        'synced',
        'modified a=2',
        'added c=1',
        'deleted b=1',
      ]);
      expect(followed.events[0]).toMatchObject({ object: { ...CONFIG_MAP, metadata: { namespace } } });
    },
  );

  ownServerTests.test('selects by labels: what loses its label is gone, what gains it is new', async () => {
    const { cluster } = await behindDoor();
    const labelled = (labels: Record<string, string>): WrittenObject => ({
      ...CONFIG_MAP,
      metadata: { name: 'a', labels },
    });
    const followed = untilTestEnds(follow(cluster, { labelSelector: 'app=paude' }));
    await followed.until('synced');
    for (const labels of [{}, { app: 'paude' }, { app: 'other' }]) {
      await server.admin.apply(labelled(labels), { fieldManager, namespace });
    }
    await followed.until('deleted a=');
    expect(followed.words).toEqual(['synced', 'added a=', 'deleted a=']);
  });

  ownServerTests.test('goes on from where it was when its connection is cut', async () => {
    const { cluster, door } = await behindDoor();
    await set('a', '1');
    const followed = untilTestEnds(follow(cluster));
    await followed.until('synced');
    door.shut();
    await set('a', '2');
    await set('b', '1');
    await set('b', '2');
    await remove('a');
    door.open();
    await followed.until('deleted a=2');
    expect(followed.words).toEqual([
      'added a=1',
      'synced',
      'modified a=2',
      'added b=1',
      'modified b=2',
      'deleted a=2',
    ]);
    expect(lists(door)).toBe(1);
  });

  ownServerTests.test(
    'asks anew when the server ends a connection in good order, and tells nothing twice',
    async () => {
      const { cluster, door } = await behindDoor();
      await set('a', '1');
      const followed = untilTestEnds(follow(cluster, { connectionSeconds: 1 }));
      await eventually('three watches', () => watches(door) >= 3, { timeoutMs: waitMs });
      await set('a', '2');
      await followed.until('modified a=2');
      expect(followed.words).toEqual(['added a=1', 'synced', 'modified a=2']);
      expect(lists(door)).toBe(1);
    },
    60_000,
  );

  ownServerTests.test(
    'outlives the API server',
    async () => {
      const { cluster, door } = await behindDoor();
      await set('a', '1');
      const followed = untilTestEnds(follow(cluster));
      await followed.until('synced');
      await server.kill();
      await server.start();
      await set('a', '2');
      await followed.until('modified a=2');
      expect(followed.words.filter((word) => word !== 'synced')).toEqual(['added a=1', 'modified a=2']);
      expect(watches(door)).toBeGreaterThan(1);
    },
    60_000,
  );

  ownServerTests.test(
    'tells the difference when the server has forgotten the moment where it was',
    async () => {
      const { cluster, door } = await behindDoor();
      await set('changed', '1');
      await set('gone', '1');
      await set('replaced', '1');
      await set('same', '1');
      const followed = untilTestEnds(follow(cluster));
      await followed.until('synced');
      door.shut();
      await set('changed', '2');
      await set('changed', '3');
      await remove('gone');
      await remove('replaced');
      await set('replaced', '2');
      await set('new', '1');
      await set('came-and-went', '1');
      await remove('came-and-went');
      await server.kill();
      await server.compact();
      await server.start();
      // Moves the moment of the server's memory past everything above.
      await set('changed', '4');
      await server.compact();
      await server.kill();
      await server.start();
      door.open();
      await eventually(
        'the second listing',
        () => followed.words.filter((word) => word === 'synced').length === 2,
        {
          timeoutMs: waitMs,
        },
      );
      const before = followed.words.indexOf('synced') + 1;
      const told = followed.words.slice(before, followed.words.lastIndexOf('synced'));
      expect([...told].sort()).toEqual([
        'added new=1',
        'added replaced=2',
        'deleted gone=1',
        'deleted replaced=1',
        'modified changed=4',
      ]);
      expect(told.indexOf('deleted replaced=1')).toBeLessThan(told.indexOf('added replaced=2'));
      expect(lists(door)).toBe(2);
    },
    120_000,
  );

  ownServerTests.test(
    'told over and over that its connection is cut, it adds up to what is there',
    async () => {
      const { cluster, door } = await behindDoor();
      const followed = untilTestEnds(follow(cluster));
      await followed.until('synced');
      const names = ['a', 'b', 'c', 'd', 'e'];
      for (let step = 0; step < 300; step++) {
        const name = names[(step * 7) % names.length] ?? 'a';
        if (step % 4 === 3) await remove(name);
        else await set(name, String(step));
        if (step % 10 === 0) door.cut();
      }
      await set('last', '0');
      await followed.until('added last=0');
      const { items } = await server.admin.list(CONFIG_MAP, { namespace });
      expect(addedUp(followed.events)).toEqual(
        new Map(items.map(({ metadata }) => [metadata.uid, metadata.resourceVersion])),
      );
      expect(watches(door)).toBeGreaterThan(5);
    },
    120_000,
  );

  ownServerTests.test('ends when it is called off, also while it waits to ask again', async () => {
    const { cluster, door } = await behindDoor();
    const controller = new AbortController();
    const watched = cluster.watch(CONFIG_MAP, { signal: controller.signal });
    expect((await watched.next()).value).toMatchObject({ type: 'synced' });
    const next = watched.next();
    door.shut();
    await eventually('another try', () => watches(door) >= 2);
    controller.abort();
    expect(await next).toEqual({ done: true, value: undefined });
    const early = cluster.watch(CONFIG_MAP, { signal: AbortSignal.abort() });
    expect((await early.next()).done).toBe(true);
  });

  ownServerTests.test('lets go of its connection when its reader leaves', async () => {
    const { cluster, door } = await behindDoor();
    for await (const event of cluster.watch(CONFIG_MAP)) {
      if (event.type !== 'synced') break;
      await set('a', '1');
      expect(door.inFlight).toBe(0);
    }
    await eventually('the watch to be let go', () => door.inFlight === 0);
    expect(watches(door)).toBe(1);
  });

  ownServerTests.test(
    'ends with an error when the kind is gone',
    async () => {
      const { cluster } = await behindDoor();
      const kind = { apiVersion: 'networking.gke.io/v1alpha1', kind: 'FQDNNetworkPolicy' };
      const watched = cluster.watch(kind, { connectionSeconds: 1, maxBackoffMs: 200 });
      expect((await watched.next()).value).toMatchObject({ type: 'synced' });
      const definition = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' };
      await server.admin.remove(definition, 'fqdnnetworkpolicies.networking.gke.io');
      await expect(watched.next()).rejects.toMatchObject({ code: 'cluster-kind-missing' });
    },
    60_000,
  );

  const lists = (door: ApiDoor) =>
    door.asked.filter((path) => /\/configmaps\?(?!.*watch=)/.test(path)).length;
  const watches = (door: ApiDoor) => door.asked.filter((path) => path.includes('watch=true')).length;
});

/** What events say is there; throws when one cannot follow the others. */
function addedUp(events: readonly WatchEvent[]): Map<string | undefined, string | undefined> {
  const there = new Map<string | undefined, string | undefined>();
  for (const event of events) {
    if (event.type === 'synced') continue;
    const { uid, resourceVersion, name } = event.object.metadata;
    expect([event.type, name, there.has(uid)]).toEqual([event.type, name, event.type !== 'added']);
    expect(there.get(uid)).not.toBe(event.type === 'modified' ? resourceVersion : '');
    if (event.type === 'deleted') there.delete(uid);
    else there.set(uid, resourceVersion);
  }
  return there;
}
