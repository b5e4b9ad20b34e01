import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Cluster, ClusterObject, WrittenObject } from '@paude/cluster';
import { load } from 'js-yaml';
import { eventually } from '../support/deadline.ts';

const directory = fileURLToPath(new URL('crds', import.meta.url));
const kind = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' };

/** The definitions of `crds/`, one a file. */
export async function kindDefinitions(): Promise<readonly WrittenObject[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.yaml')).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')));
  return texts.map((text) => load(text) as WrittenObject);
}

/** Installs the kinds that the cluster lacks, and waits until they are served. Those of a given cluster stay as they are. */
export async function installKinds(cluster: Cluster): Promise<void> {
  const definitions = await kindDefinitions();
  await Promise.all(
    definitions.map(async (definition) => {
      const { name } = definition.metadata;
      if ((await cluster.find(kind, name)) !== undefined) return;
      await cluster.create(definition);
      await eventually(`${name} to be served`, async () => isServed(await cluster.get(kind, name)), {
        timeoutMs: 30_000,
        intervalMs: 100,
      });
    }),
  );
}

/** Whether its condition says so; what its schema lacks stands in another condition. */
function isServed({ status }: ClusterObject): boolean {
  // Null until the server has looked at it.
  const { conditions } = (status ?? {}) as { readonly conditions?: readonly Condition[] | null };
  const has = (type: string) =>
    conditions?.find((condition) => condition.type === type && condition.status === 'True');
  const wrong = has('NonStructuralSchema');
  if (wrong !== undefined) throw new Error(wrong.message);
  return has('Established') !== undefined;
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly message: string;
}
