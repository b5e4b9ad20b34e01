import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Cluster, openCluster } from '@paude/cluster';
import { dump, load } from 'js-yaml';
import { type ComponentTests, componentTests } from '../support/components.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary.ts';
import { startEtcd } from './etcd.ts';
import { installKinds } from './install-kinds.ts';
import { startKubeApiserver } from './kube-apiserver.ts';
import { missingPrograms, serverPrograms } from './programs.ts';

/** What a test's user may do: a rule of an RBAC role. */
export interface Permission {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** A real API server with the kinds of `crds/`. Nothing runs pods on it. */
export interface ApiServer extends AsyncDisposable {
  /** Path of a kubeconfig whose user may do everything. */
  readonly kubeconfig: string;
  /** The same, opened. */
  readonly admin: Cluster;
  /** Makes a namespace of its own for a test, and gives its name. */
  namespace(labels?: Readonly<Record<string, string>>): Promise<string>;
  /** Path of a kubeconfig of a user that may do this in a namespace, and nothing else. */
  userKubeconfig(namespace: string, permissions: readonly Permission[]): Promise<string>;
}

/** One that the test started itself, so that it can be mistreated. */
export interface OwnApiServer extends ApiServer {
  readonly url: string;
  readonly caPem: string;
  readonly adminToken: string;
  /** Process ids of etcd and kube-apiserver. */
  readonly pids: readonly number[];
  /** Kills the API server without a word; etcd goes on. */
  kill(): Promise<void>;
  /** Starts it again on its port. */
  start(): Promise<void>;
  /** Has etcd forget all but the newest state. */
  compact(): Promise<void>;
}

const { PAUDE_TEST_KUBECONFIG: givenKubeconfig = '' } = process.env;
/** For a `beforeAll` that starts a server: on a new machine it is built first. */
export const SERVER_TIMEOUT_MS = 30 * 60_000;

/** For tests of any cluster: `PAUDE_TEST_KUBECONFIG` names a disposable one, else an API server is started. */
export const clusterTests: ComponentTests = componentTests(givenKubeconfig === '' ? missingPrograms() : []);

/** For tests that stop their API server: a given cluster will not do. */
export const ownServerTests: ComponentTests = componentTests(missingPrograms());

/** The cluster of `PAUDE_TEST_KUBECONFIG`, or an API server of this test's own. Call it in a `beforeAll`. */
export async function startApiServer(): Promise<ApiServer> {
  if (givenKubeconfig === '') return startOwnApiServer();
  const directory = await temporaryDirectory('cluster');
  const admin = await openCluster({ kubeconfig: givenKubeconfig, environment: process.env });
  await installKinds(admin);
  const { close, ...server } = serverAt(admin, givenKubeconfig, directory);
  return { ...server, [Symbol.asyncDispose]: close };
}

/** Starts etcd and kube-apiserver on the loopback. Disposing of it kills both and removes their data. */
export async function startOwnApiServer(
  options: { readonly lifetimeMs?: number } = {},
): Promise<OwnApiServer> {
  const { lifetimeMs = 20 * 60_000 } = options;
  const programs = await serverPrograms((text) => void process.stderr.write(`${text}\n`));
  await using made = new AsyncDisposableStack();
  const directory = made.use(await temporaryDirectory('cluster'));
  const etcd = made.use(await startEtcd(programs.etcd, directory, lifetimeMs));
  const apiserver = made.use(
    await startKubeApiserver({ program: programs.kubeApiserver, etcd: etcd.endpoint, directory, lifetimeMs }),
  );
  const { url, caPem, adminToken } = apiserver;
  const kubeconfig = await directory.write(
    'admin.kubeconfig',
    kubeconfigText({ url, caPem, token: adminToken }),
  );
  const admin = made.use(await openCluster({ kubeconfig, environment: {} }));
  await installKinds(admin);
  const { close: _close, ...server } = serverAt(admin, kubeconfig, directory);
  const owned = made.move();
  return {
    ...server,
    url,
    caPem,
    adminToken,
    get pids() {
      return [etcd.pid, apiserver.pid];
    },
    kill: () => apiserver.kill(),
    start: () => apiserver.start(),
    compact: () => etcd.compact(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** What is the same on every cluster. `close` takes the namespaces back that were made. */
function serverAt(admin: Cluster, kubeconfig: string, directory: TemporaryDirectory) {
  const namespaces: string[] = [];
  return {
    kubeconfig,
    admin,
    async namespace(labels: Readonly<Record<string, string>> = {}): Promise<string> {
      const name = `paude-test-${randomBytes(5).toString('hex')}`;
      await admin.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
      namespaces.push(name);
      return name;
    },
    async userKubeconfig(namespace: string, permissions: readonly Permission[]): Promise<string> {
      const name = `user-${randomBytes(4).toString('hex')}`;
      const metadata = { name, namespace };
      const group = 'rbac.authorization.k8s.io';
      await admin.create({ apiVersion: `${group}/v1`, kind: 'Role', metadata, rules: permissions });
      await admin.create({
        apiVersion: `${group}/v1`,
        kind: 'RoleBinding',
        metadata,
        roleRef: { apiGroup: group, kind: 'Role', name },
        subjects: [{ kind: 'ServiceAccount', name, namespace }],
      });
      const text = await readFile(kubeconfig, 'utf8');
      const user = `system:serviceaccount:${namespace}:${name}`;
      return directory.write(`${name}.kubeconfig`, actingAs(text, user));
    },
    async close() {
      for (const name of namespaces) await admin.remove({ apiVersion: 'v1', kind: 'Namespace' }, name);
      admin.close();
      await directory.remove();
    },
  };
}

/** The same kubeconfig, its users acting as another: RBAC judges that one. */
function actingAs(text: string, user: string): string {
  const config = load(text) as {
    readonly users: readonly { readonly name: string; readonly user: object }[];
  };
  const users = config.users.map((entry) => ({ ...entry, user: { ...entry.user, as: user } }));
  return dump({ ...config, users });
}

/** A kubeconfig of one cluster, with a bearer token. */
export function kubeconfigText(access: {
  readonly url: string;
  readonly caPem: string;
  readonly token: string;
}): string {
  const ca = Buffer.from(access.caPem).toString('base64');
  return dump({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server: access.url, 'certificate-authority-data': ca } }],
    users: [{ name: 'admin', user: { token: access.token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  });
}
