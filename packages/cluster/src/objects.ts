import { AnswerFailure } from './answer-failure.ts';
import { type Attempted, strangeAnswer } from './cluster-error.ts';
import type { Resource } from './discovery.ts';
import {
  type ClusterObject,
  isRecord,
  type KindReference,
  type ObjectList,
  readObject,
  type WrittenObject,
} from './object.ts';
import {
  type Connection,
  guarded,
  type PlaceOptions,
  pathOf,
  type SelectOptions,
  type Target,
  targetOf,
} from './target.ts';
import type { ApiRequest } from './transport.ts';

export interface ListOptions extends SelectOptions {
  /** Objects a request. @default 500 */
  readonly pageSize?: number | undefined;
}

export interface WriteOptions extends PlaceOptions {
  /** Has the server check it and say what would come out, changing nothing. @default false */
  readonly dryRun?: boolean | undefined;
}

export interface ApplyOptions extends WriteOptions {
  /** In whose name the fields are set: `paude`. */
  readonly fieldManager: string;
  /** Takes fields over that another manager set. @default false, which is a `cluster-conflict` */
  readonly force?: boolean | undefined;
}

export interface CreateOptions extends WriteOptions {
  /** @default 'paude' */
  readonly fieldManager?: string | undefined;
}

export interface RemoveOptions extends WriteOptions {
  /** What becomes of the objects that it owns. @default 'background' */
  readonly propagation?: 'background' | 'foreground' | 'orphan' | undefined;
  /** Only if it still is this one; otherwise `cluster-conflict`. */
  readonly uid?: string | undefined;
}

/** How often a listing begins anew because its pages went stale. */
const MOST_RESTARTS = 5;
const PROPAGATION = { background: 'Background', foreground: 'Foreground', orphan: 'Orphan' } as const;

export async function listObjects(
  connection: Connection,
  kind: KindReference,
  options: ListOptions,
): Promise<ObjectList> {
  const target = await targetOf(connection, kind, { ...options, verb: 'list' });
  return guarded(target.attempted, async () => {
    for (let restarts = 0; ; restarts++) {
      try {
        return await listPages(connection, target, options);
      } catch (error) {
        if (!(error instanceof AnswerFailure && error.isExpired) || restarts >= MOST_RESTARTS) throw error;
      }
    }
  });
}

/** All pages of one snapshot. */
async function listPages(connection: Connection, target: Target, options: ListOptions): Promise<ObjectList> {
  const { labelSelector, fieldSelector, pageSize = 500, signal } = options;
  const items: ClusterObject[] = [];
  const seen = new Set<string>();
  let next: string | undefined;
  for (;;) {
    const query = { limit: String(pageSize), continue: next, labelSelector, fieldSelector };
    const page = await connection.transport.request({ method: 'GET', path: target.path, query, signal });
    if (!isRecord(page) || !Array.isArray(page.items) || !isRecord(page.metadata)) {
      throw strangeAnswer(target.attempted, 'without a list');
    }
    for (const item of page.items) {
      const object = readObject(item, target.resource);
      if (object === undefined) throw strangeAnswer(target.attempted, 'with something that is no object');
      items.push(object);
    }
    const { continue: token, resourceVersion } = page.metadata;
    if (typeof token !== 'string' || token === '')
      return { items, resourceVersion: String(resourceVersion ?? '') };
    if (seen.has(token)) throw strangeAnswer(target.attempted, 'with the same page again');
    seen.add(token);
    next = token;
  }
}

/** The watch on what {@link listObjects} lists; the lines of its answer. */
export async function watchLines(
  connection: Connection,
  kind: KindReference,
  options: SelectOptions & { readonly resourceVersion: string; readonly timeoutSeconds: number },
): Promise<{
  readonly lines: AsyncGenerator<string, void>;
  readonly attempted: Attempted;
  readonly resource: Resource;
}> {
  const { labelSelector, fieldSelector, resourceVersion, timeoutSeconds, signal } = options;
  const { path, attempted, resource } = await targetOf(connection, kind, { ...options, verb: 'watch' });
  const query = {
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion,
    timeoutSeconds: String(timeoutSeconds),
    labelSelector,
    fieldSelector,
  };
  return { lines: connection.transport.lines({ method: 'GET', path, query, signal }), attempted, resource };
}

export async function getObject(
  connection: Connection,
  kind: KindReference,
  options: PlaceOptions & { readonly name: string },
): Promise<ClusterObject> {
  const target = await targetOf(connection, kind, { ...options, verb: 'get' });
  return exchange(connection, target, {
    method: 'GET',
    path: pathOf(target, options.name),
    signal: options.signal,
  });
}

export async function applyObject(
  connection: Connection,
  object: WrittenObject,
  options: ApplyOptions,
): Promise<ClusterObject> {
  const { fieldManager, force = false, dryRun = false, signal } = options;
  const { name, namespace = options.namespace } = object.metadata;
  const target = await targetOf(connection, object, { name, namespace, verb: 'patch' });
  return exchange(connection, target, {
    method: 'PATCH',
    path: pathOf(target, name),
    query: { ...written(dryRun), fieldManager, force: String(force) },
    contentType: 'application/apply-patch+yaml',
    body: placed(object, target),
    signal,
  });
}

export async function createObject(
  connection: Connection,
  object: WrittenObject,
  options: CreateOptions,
): Promise<ClusterObject> {
  const { fieldManager = 'paude', dryRun = false, signal } = options;
  const { name, namespace = options.namespace } = object.metadata;
  const target = await targetOf(connection, object, { name, namespace, verb: 'create' });
  const query = { ...written(dryRun), fieldManager };
  return exchange(connection, target, {
    method: 'POST',
    path: target.path,
    query,
    body: placed(object, target),
    signal,
  });
}

/** False when there was nothing to remove. */
export async function removeObject(
  connection: Connection,
  kind: KindReference,
  options: RemoveOptions & { readonly name: string },
): Promise<boolean> {
  const { name, propagation = 'background', uid, dryRun = false, signal } = options;
  const target = await targetOf(connection, kind, { ...options, verb: 'delete' });
  const body = {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    propagationPolicy: PROPAGATION[propagation],
    ...(uid === undefined ? {} : { preconditions: { uid } }),
    ...(dryRun ? { dryRun: ['All'] } : {}),
  };
  try {
    await guarded(target.attempted, () =>
      connection.transport.request({ method: 'DELETE', path: pathOf(target, name), body, signal }),
    );
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Whether a failure says that the object, or the namespace it would be in, is not there. */
export function isMissing(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return code === 'cluster-object-missing' || code === 'cluster-namespace-missing';
}

/** Strict: a field that the server does not know is an error, not a warning. */
function written(dryRun: boolean): Readonly<Record<string, string | undefined>> {
  return { fieldValidation: 'Strict', dryRun: dryRun ? 'All' : undefined };
}

/** The object with the namespace that it goes to said in it. */
function placed(object: WrittenObject, { namespace }: Target): WrittenObject {
  return namespace === undefined ? object : { ...object, metadata: { ...object.metadata, namespace } };
}

async function exchange(connection: Connection, target: Target, request: ApiRequest): Promise<ClusterObject> {
  const answer = await guarded(target.attempted, () => connection.transport.request(request));
  const object = readObject(answer, target.resource);
  if (object === undefined) throw strangeAnswer(target.attempted, 'without an object');
  return object;
}
