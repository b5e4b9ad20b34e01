import { setTimeout as sleep } from 'node:timers/promises';
import type { PaudeError } from '@paude/errors';
import { AnswerFailure, readStatus } from './answer-failure.ts';
import { clusterError } from './cluster-error.ts';
import { type ClusterObject, isRecord, type KindReference, readObject } from './object.ts';
import { listObjects, watchLines } from './objects.ts';
import type { Connection, SelectOptions } from './target.ts';

/** What happened to an object, or that all that was there has been told. */
export type WatchEvent =
  | { readonly type: 'added' | 'modified'; readonly object: ClusterObject }
  /** `object` is the last state that was seen. */
  | { readonly type: 'deleted'; readonly object: ClusterObject }
  /** After a listing: the events before it make up everything that there is. The first is followed by more after gaps. */
  | { readonly type: 'synced'; readonly resourceVersion: string };

export interface WatchOptions extends SelectOptions {
  /** How long the server may keep one connection. @default 240 */
  readonly connectionSeconds?: number | undefined;
  /** The longest pause between two tries. @default 30000 */
  readonly maxBackoffMs?: number | undefined;
}

/** What no waiting heals. */
const LASTING: ReadonlySet<string> = new Set([
  'cluster-unauthorized',
  'cluster-forbidden',
  'cluster-kind-missing',
  'cluster-tls-failed',
  'cluster-object-invalid',
]);

const FIRST_BACKOFF_MS = 100;

/**
 * Every change of the objects that are selected, each once and in order: first what is there as `added`, then `synced`,
 * then what happens. A connection that ends is made again from where it was; where the server no longer knows that
 * moment (410), all is listed again, and the difference to what was told becomes events. Changes in between that left
 * no trace are then one event. Ends when `signal` is aborted.
 *
 * @throws PaudeError for what does not heal by itself: not authorised, forbidden, kind missing, certificate not trusted.
 */
export async function* watchObjects(
  connection: Connection,
  kind: KindReference,
  options: WatchOptions,
): AsyncGenerator<WatchEvent, void> {
  const { signal, maxBackoffMs = 30_000 } = options;
  const known = new Known();
  let resourceVersion: string | undefined;
  let failures = 0;
  const isOver = () => signal?.aborted === true;
  while (!isOver()) {
    try {
      if (resourceVersion === undefined) {
        const listed = await listObjects(connection, kind, options);
        yield* known.replace(listed.items);
        resourceVersion = listed.resourceVersion;
        yield { type: 'synced', resourceVersion };
      }
      for await (const line of changes(connection, kind, { ...options, resourceVersion })) {
        failures = 0;
        if (line.event !== undefined) yield* known.take(line.event);
        resourceVersion = line.resourceVersion;
      }
      // An answer that ends at once, again and again, must not become a storm of requests.
      failures++;
    } catch (error) {
      if (isOver()) return;
      if (error instanceof Expired) resourceVersion = undefined;
      else if (LASTING.has((error as PaudeError).code)) throw error;
      failures++;
    }
    const pauseMs = Math.min(maxBackoffMs, FIRST_BACKOFF_MS * 2 ** Math.min(failures - 1, 20));
    // With some chance in it, so that many watchers do not come back at one moment.
    await sleep(pauseMs * (0.5 + Math.random() / 2), undefined, { ...(signal && { signal }) }).catch(
      () => undefined,
    );
  }
}

/** The server no longer knows what happened since the moment that was asked for. */
class Expired extends Error {}

type ObjectEvent = Exclude<WatchEvent, { type: 'synced' }>;

interface Change {
  /** Undefined for a bookmark, which only says how far the server is. */
  readonly event: ObjectEvent | undefined;
  readonly resourceVersion: string;
}

const TYPES: Readonly<Record<string, ObjectEvent['type']>> = {
  ADDED: 'added',
  MODIFIED: 'modified',
  DELETED: 'deleted',
};

/** One connection of a watch. */
async function* changes(
  connection: Connection,
  kind: KindReference,
  options: WatchOptions & { readonly resourceVersion: string },
): AsyncGenerator<Change, void> {
  const { connectionSeconds = 240 } = options;
  const { lines, attempted, resource } = await watchLines(connection, kind, {
    ...options,
    timeoutSeconds: connectionSeconds,
  });
  try {
    for await (const line of lines) {
      if (line === '') continue;
      const told: unknown = JSON.parse(line);
      if (!isRecord(told)) continue;
      if (told.type === 'ERROR') throw new AnswerFailure(readStatus(0, told.object));
      if (told.type === 'BOOKMARK') {
        const { object } = told;
        const version =
          isRecord(object) && isRecord(object.metadata) ? object.metadata.resourceVersion : undefined;
        if (typeof version === 'string') yield { event: undefined, resourceVersion: version };
        continue;
      }
      const type = TYPES[String(told.type)];
      const object = readObject(told.object, resource);
      if (type === undefined || object?.metadata.resourceVersion === undefined) continue;
      yield { event: { type, object }, resourceVersion: object.metadata.resourceVersion };
    }
  } catch (error) {
    if (error instanceof AnswerFailure && error.isExpired) throw new Expired();
    throw clusterError(error, attempted);
  }
}

/** The objects that were told of, so that nothing is told twice and what went unseen is told late. */
class Known {
  readonly #objects = new Map<string, ClusterObject>();

  /** The events that lead from what was told to what was listed. */
  *replace(items: readonly ClusterObject[]): Generator<ObjectEvent> {
    const listed = new Map(items.map((object) => [identity(object), object]));
    for (const [id, object] of this.#objects) {
      if (listed.has(id)) continue;
      this.#objects.delete(id);
      yield { type: 'deleted', object };
    }
    for (const object of items) yield* this.take({ type: 'added', object });
  }

  *take(event: ObjectEvent): Generator<ObjectEvent> {
    const { object } = event;
    const id = identity(object);
    const before = this.#objects.get(id);
    if (event.type === 'deleted') {
      // Not told of: it came and went while nobody listened.
      if (before === undefined) return;
      this.#objects.delete(id);
      yield event;
      return;
    }
    if (before?.metadata.resourceVersion === object.metadata.resourceVersion && before !== undefined) return;
    this.#objects.set(id, object);
    yield { type: before === undefined ? 'added' : 'modified', object };
  }
}

/** A new object under an old name is another object. */
function identity({ metadata }: ClusterObject): string {
  return metadata.uid ?? `${metadata.namespace ?? ''}/${metadata.name}`;
}
