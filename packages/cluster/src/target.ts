import { type Attempted, clusterError, kindMissing, nameUnusable } from './cluster-error.ts';
import type { Discovery, Resource } from './discovery.ts';
import type { KindReference } from './object.ts';
import type { Transport } from './transport.ts';

/** Where an object is. */
export interface PlaceOptions {
  /** Of a namespaced kind. @default the cluster's */
  readonly namespace?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Which objects of a kind. */
export interface SelectOptions extends PlaceOptions {
  /** All namespaces instead of one. @default false */
  readonly allNamespaces?: boolean | undefined;
  /** `app=paude,paude.io/session-name=a` */
  readonly labelSelector?: string | undefined;
  /** `metadata.name=default` */
  readonly fieldSelector?: string | undefined;
}

/** What the requests need. */
export interface Connection {
  readonly transport: Transport;
  readonly discovery: Discovery;
  readonly server: string;
  /** For namespaced kinds where nothing else is said. */
  readonly namespace: string;
}

/** A kind at a place, ready for requests. */
export interface Target {
  readonly resource: Resource;
  /** Undefined for cluster-scoped kinds and all namespaces. */
  readonly namespace: string | undefined;
  /** Path of the collection. */
  readonly path: string;
  readonly attempted: Attempted;
}

/** Finds out how the server calls a kind, and where its objects are. */
export async function targetOf(
  connection: Connection,
  kind: KindReference,
  options: SelectOptions & { readonly name?: string; readonly verb: string },
): Promise<Target> {
  const { name, verb, namespace = connection.namespace, allNamespaces = false } = options;
  const { server } = connection;
  const early = { action: actionOf(verb, kind.kind), input: name, verb, kind: kind.kind, server };
  const resource = await guarded(early, () => connection.discovery.resource(kind));
  if (resource === undefined) throw kindMissing(early, kind.apiVersion);
  const place = resource.isNamespaced && !allNamespaces ? namespace : undefined;
  const within = place === undefined ? '' : `/namespaces/${segment(place, early)}`;
  const input = name === undefined || place === undefined ? (name ?? place) : `${place}/${name}`;
  return {
    resource,
    namespace: place,
    path: `${resource.root}${within}/${segment(resource.plural, early)}`,
    attempted: { ...early, input, resource: resource.fullName, namespace: place },
  };
}

/** Path of one object. */
export function pathOf(target: Target, name: string): string {
  return `${target.path}/${segment(name, target.attempted)}`;
}

/**
 * One segment of a path. The server decodes before it splits, so an encoded slash would lead elsewhere, and an empty name
 * to the whole collection; no object can have such a name.
 */
function segment(name: string, attempted: Attempted): string {
  if (name === '' || name === '.' || name === '..' || /[/%]/.test(name)) throw nameUnusable(attempted, name);
  return encodeURIComponent(name);
}

/** Does the work and translates its failure. */
export async function guarded<T>(attempted: Attempted, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw clusterError(error, attempted);
  }
}

const ACTIONS: Readonly<Record<string, string>> = {
  list: 'list the objects of kind',
  watch: 'watch the objects of kind',
  get: 'read the',
  patch: 'apply the',
  create: 'create the',
  delete: 'delete the',
};

function actionOf(verb: string, kind: string): string {
  return `${ACTIONS[verb] ?? verb} ${kind}`;
}
