import { type Capabilities, readCapabilities } from './capabilities.ts';
import { clusterError, strangeAnswer } from './cluster-error.ts';
import { Discovery } from './discovery.ts';
import { type KubeconfigOptions, loadKubeconfig } from './kubeconfig.ts';
import {
  type ClusterObject,
  isRecord,
  type KindReference,
  type ObjectList,
  type WrittenObject,
} from './object.ts';
import {
  type ApplyOptions,
  applyObject,
  type CreateOptions,
  createObject,
  getObject,
  isMissing,
  type ListOptions,
  listObjects,
  type RemoveOptions,
  removeObject,
} from './objects.ts';
import type { Connection, PlaceOptions } from './target.ts';
import { openTransport } from './transport.ts';
import { type WatchEvent, type WatchOptions, watchObjects } from './watch.ts';

/** Which cluster, as whom, and where in it. */
export interface OpenOptions extends KubeconfigOptions {
  /** For namespaced kinds where nothing else is said. @default the context's, else 'default' */
  readonly namespace?: string | undefined;
  /** For one request, its login included. @default 30000 */
  readonly requestTimeoutMs?: number | undefined;
}

/** What `GET /version` says. */
export interface ServerVersion {
  readonly major: number;
  readonly minor: number;
  /** `v1.37.1`, with what a vendor adds. */
  readonly gitVersion: string;
}

/**
 * A Kubernetes API server, reached as one user. Objects are plain JSON: what the server says is not dropped, and what it
 * does not know it refuses. All methods throw the PaudeErrors that `clusterError` lists.
 */
export interface Cluster extends AsyncDisposable {
  /** Name of the context in the kubeconfig. */
  readonly context: string;
  readonly namespace: string;
  /** URL of the API server, without credentials. */
  readonly server: string;
  serverVersion(): Promise<ServerVersion>;
  /** What it can enforce and build; asked once and remembered. */
  capabilities(): Promise<Capabilities>;
  /** All objects that are selected, as of one moment, however many pages they are. */
  list(kind: KindReference, options?: ListOptions): Promise<ObjectList>;
  /** @throws PaudeError `cluster-object-missing`. */
  get(kind: KindReference, name: string, options?: PlaceOptions): Promise<ClusterObject>;
  /** Undefined when the object, or its namespace, is not there. */
  find(kind: KindReference, name: string, options?: PlaceOptions): Promise<ClusterObject | undefined>;
  /**
   * Server-side apply with strict field validation. Gives what the server makes of it; with `dryRun` the same, so the
   * difference to {@link find} is the server's own.
   */
  apply(object: WrittenObject, options: ApplyOptions): Promise<ClusterObject>;
  /** @throws PaudeError `cluster-object-exists`. */
  create(object: WrittenObject, options?: CreateOptions): Promise<ClusterObject>;
  /** Removes an object; false when it was not there. It can stay for a while, until its finalizers are done. */
  remove(kind: KindReference, name: string, options?: RemoveOptions): Promise<boolean>;
  /** See {@link watchObjects}. */
  watch(kind: KindReference, options?: WatchOptions): AsyncGenerator<WatchEvent, void>;
  /** Lets go of kept connections. */
  close(): void;
}

/**
 * Reads the kubeconfig; makes no connection yet.
 *
 * @throws PaudeError `cluster-config-invalid`.
 */
export async function openCluster(options: OpenOptions): Promise<Cluster> {
  const loaded = await loadKubeconfig(options);
  const { server, context } = loaded;
  const namespace = options.namespace ?? loaded.namespace ?? 'default';
  const transport = openTransport({
    config: loaded.config,
    server,
    timeoutMs: options.requestTimeoutMs ?? 30_000,
  });
  const discovery = new Discovery(transport);
  const connection: Connection = { transport, discovery, server, namespace };

  const serverVersion = async (): Promise<ServerVersion> => {
    const attempted = { action: 'read the version of the server', input: server, verb: 'get', server };
    try {
      const answer = await transport.request({ method: 'GET', path: '/version' });
      if (!isRecord(answer)) throw strangeAnswer(attempted, 'without a version');
      // Some add a plus sign: `27+`.
      const { major, minor, gitVersion } = answer;
      return {
        major: Number.parseInt(String(major), 10),
        minor: Number.parseInt(String(minor), 10),
        gitVersion: String(gitVersion),
      };
    } catch (error) {
      throw clusterError(error, attempted);
    }
  };

  let capabilities: Promise<Capabilities> | undefined;
  const askCapabilities = async (): Promise<Capabilities> => {
    const { gitVersion } = await serverVersion();
    try {
      return await readCapabilities(transport, discovery, gitVersion);
    } catch (error) {
      throw clusterError(error, {
        action: 'find out what the cluster can do',
        input: server,
        verb: 'get',
        server,
      });
    }
  };

  return {
    context,
    namespace,
    server,
    serverVersion,
    capabilities() {
      capabilities ??= askCapabilities().catch((error: unknown) => {
        capabilities = undefined;
        throw error;
      });
      return capabilities;
    },
    list: (kind, selection = {}) => listObjects(connection, kind, selection),
    get: (kind, name, place = {}) => getObject(connection, kind, { ...place, name }),
    async find(kind, name, place = {}) {
      try {
        return await getObject(connection, kind, { ...place, name });
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    apply: (object, how) => applyObject(connection, object, how),
    create: (object, how = {}) => createObject(connection, object, how),
    remove: (kind, name, how = {}) => removeObject(connection, kind, { ...how, name }),
    watch: (kind, selection = {}) => watchObjects(connection, kind, selection),
    close: () => transport.close(),
    async [Symbol.asyncDispose]() {
      transport.close();
    },
  };
}
