import { PaudeError } from '@paude/errors';
import type { Cluster } from './cluster.ts';
import type { ClusterObject, WrittenObject } from './object.ts';

/** What becomes of one object. */
export interface AppliedObject {
  readonly change: 'created' | 'changed' | 'unchanged';
  /** As it was; undefined when it was not there. */
  readonly before: ClusterObject | undefined;
  /** As the server has it now, or would have it. */
  readonly after: ClusterObject;
}

export interface ApplyAllOptions {
  readonly fieldManager: string;
  /** Takes fields over that another manager set. @default false */
  readonly force?: boolean | undefined;
  /** Only asks the server what would come out. @default false */
  readonly dryRun?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told after each object that was applied. */
  readonly onApplied?: ((applied: AppliedObject) => void) | undefined;
  /** Looks at what came out when all are applied; what it throws undoes them. */
  readonly check?: ((applied: readonly AppliedObject[]) => Promise<void>) | undefined;
}

/** What a transaction needs of a cluster. */
export type ApplyTarget = Pick<Cluster, 'apply' | 'find' | 'remove'>;

/**
 * Applies objects in their order, all or none: first the server is asked about each (a dry run), so that what it refuses is
 * known before anything changes; then they are applied one by one, and when one fails the others are put back, last first.
 * An object that is put back has its fields as before; the manager of those that were changed is `fieldManager` then.
 *
 * @throws PaudeError of the object that failed; `cluster-rollback-failed` when it could not all be put back.
 */
export async function applyAll(
  cluster: ApplyTarget,
  objects: readonly WrittenObject[],
  options: ApplyAllOptions,
): Promise<readonly AppliedObject[]> {
  const { dryRun = false, onApplied, check } = options;
  const planned: AppliedObject[] = [];
  for (const object of objects) planned.push(await applyOne(cluster, object, { ...options, dryRun: true }));
  if (dryRun) return planned;
  const applied: AppliedObject[] = [];
  try {
    for (const object of objects) {
      const one = await applyOne(cluster, object, { ...options, dryRun: false });
      applied.push(one);
      onApplied?.(one);
    }
    await check?.(applied);
    return applied;
  } catch (error) {
    await putBack(cluster, applied, { error, fieldManager: options.fieldManager });
    throw error;
  }
}

async function applyOne(
  cluster: ApplyTarget,
  object: WrittenObject,
  options: ApplyAllOptions,
): Promise<AppliedObject> {
  const { fieldManager, force, dryRun, signal } = options;
  const { name, namespace } = object.metadata;
  const before = await cluster.find(object, name, { namespace, signal });
  const after = await cluster.apply(object, { fieldManager, force, dryRun, signal });
  if (before === undefined) return { change: 'created', before, after };
  // Not by its version, which a dry run leaves as it is.
  return { change: content(before) === content(after) ? 'unchanged' : 'changed', before, after };
}

/** Without what the server counts and writes down itself. */
function content({ status, metadata, ...rest }: ClusterObject): string {
  const { managedFields, resourceVersion, generation, ...others } = metadata;
  return JSON.stringify({ ...rest, metadata: others });
}

/** A rollback is not to be interrupted: it goes on without the caller's signal, and past what cannot be put back. */
async function putBack(
  cluster: ApplyTarget,
  applied: readonly AppliedObject[],
  { error, fieldManager }: { readonly error: unknown; readonly fieldManager: string },
): Promise<void> {
  const left: string[] = [];
  for (const { change, before, after } of applied.toReversed()) {
    const { name, namespace, uid } = after.metadata;
    try {
      if (before !== undefined && change === 'changed')
        await cluster.apply(asWritten(before), { fieldManager, force: true });
      else if (change === 'created') await cluster.remove(after, name, { namespace, uid });
    } catch {
      left.push(`${after.kind}/${name}`);
    }
  }
  if (left.length === 0) return;
  throw new PaudeError('cluster-rollback-failed', {
    action: 'put back what was applied',
    input: left.join(', '),
    why: `these could not be changed back after a failure (${error instanceof Error ? error.message : String(error)})`,
    remedy: 'Look at them, and apply again or remove them by hand',
    cause: error,
  });
}

function asWritten({ apiVersion, kind, status, metadata, ...rest }: ClusterObject): WrittenObject {
  const { name, namespace, labels, annotations } = metadata;
  return {
    apiVersion,
    kind,
    ...rest,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
    },
  };
}
