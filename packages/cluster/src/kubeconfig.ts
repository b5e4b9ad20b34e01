import { access, readFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { PaudeError } from '@paude/errors';

/** Where a cluster's address and credentials come from. */
export interface KubeconfigOptions {
  /** A kubeconfig file. @default those of `KUBECONFIG`, else `~/.kube/config`, else the pod's own service account */
  readonly kubeconfig?: string | undefined;
  /** A context in it. @default its current one */
  readonly context?: string | undefined;
  /** What KUBECONFIG, HOME, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are read from. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where a pod finds its service account. @default '/var/run/secrets/kubernetes.io/serviceaccount' */
  readonly serviceAccountDir?: string | undefined;
}

/** A kubeconfig with its context chosen, and what messages may say about it. */
export interface LoadedKubeconfig {
  readonly config: KubeConfig;
  readonly context: string;
  /** The context's namespace. */
  readonly namespace: string | undefined;
  /** URL of the API server, without a slash at its end. */
  readonly server: string;
}

/**
 * Loads a kubeconfig the way kubectl does: an option wins over `KUBECONFIG`, whose files are merged (the first to name a
 * thing wins), which wins over the file in the home directory. Makes no connection and runs no program.
 *
 * @throws PaudeError `cluster-config-invalid`; it quotes nothing of the file but names of contexts.
 */
export async function loadKubeconfig(options: KubeconfigOptions): Promise<LoadedKubeconfig> {
  const { environment, serviceAccountDir = '/var/run/secrets/kubernetes.io/serviceaccount' } = options;
  const files = await filesOf(options);
  const config = files.length > 0 ? await mergeFiles(files) : await inCluster(environment, serviceAccountDir);
  if (config === undefined) {
    throw configError(
      undefined,
      'there is no kubeconfig',
      'Log in to the cluster first, or name its kubeconfig with --kubeconfig',
    );
  }
  return chooseContext(config, options.context, files[0]);
}

async function filesOf({ kubeconfig, environment }: KubeconfigOptions): Promise<readonly string[]> {
  if (kubeconfig !== undefined) return [kubeconfig];
  const listed = (environment.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '');
  if (listed.length > 0) return listed;
  const home = environment.HOME ?? '';
  const standard = join(home, '.kube', 'config');
  return home !== '' && (await exists(standard)) ? [standard] : [];
}

async function mergeFiles(files: readonly string[]): Promise<KubeConfig> {
  const loaded: KubeConfig[] = [];
  for (const file of files) {
    // As kubectl does: of a list, files that are not there are passed over.
    if (files.length > 1 && !(await exists(file))) continue;
    loaded.push(await readFileOf(file));
  }
  const merged = new KubeConfig();
  merged.loadFromOptions({
    clusters: firstOfEachName(loaded.flatMap(({ clusters }) => clusters)),
    users: firstOfEachName(loaded.flatMap(({ users }) => users)),
    contexts: firstOfEachName(loaded.flatMap(({ contexts }) => contexts)),
    currentContext: loaded.map(({ currentContext }) => currentContext).find((name) => name),
  });
  return merged;
}

async function readFileOf(file: string): Promise<KubeConfig> {
  const remedy = 'Name a kubeconfig that this user can read, or log in to the cluster again';
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw configError(
      file,
      code === 'ENOENT' ? 'there is no such file' : `reading it failed (${code})`,
      remedy,
      error,
    );
  }
  const config = new KubeConfig();
  try {
    config.loadFromString(text);
  } catch {
    // The parser's words quote the file, and what is wrong in it may stand beside a token.
    throw configError(file, 'it is no valid kubeconfig', remedy);
  }
  config.makePathsAbsolute(dirname(file));
  return config;
}

/** A pod's own service account; its token is read again as it is replaced. */
async function inCluster(
  environment: Readonly<Record<string, string | undefined>>,
  directory: string,
): Promise<KubeConfig | undefined> {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = environment;
  const tokenFile = join(directory, 'token');
  if (host === '' || !(await exists(tokenFile))) return undefined;
  const namespace = await readFile(join(directory, 'namespace'), 'utf8').catch(() => '');
  const name = 'in-cluster';
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [
      {
        name,
        caFile: join(directory, 'ca.crt'),
        server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
        skipTLSVerify: false,
      },
    ],
    users: [{ name, authProvider: { name: 'tokenFile', config: { tokenFile } } }],
    contexts: [{ name, cluster: name, user: name, namespace: namespace.trim() || undefined }],
    currentContext: name,
  });
  return config;
}

function chooseContext(
  config: KubeConfig,
  wanted: string | undefined,
  file: string | undefined,
): LoadedKubeconfig {
  const known = config.contexts.map(({ name }) => name);
  const name = wanted ?? config.currentContext ?? '';
  const listed = known.length === 0 ? 'It has none' : `It has ${known.slice(0, 20).join(', ')}`;
  if (name === '') {
    throw configError(file, 'it has no current context', `Name one with --context. ${listed}`);
  }
  const context = config.contexts.find((candidate) => candidate.name === name);
  if (context === undefined) {
    throw configError(
      name,
      'the kubeconfig has no context of that name',
      `Name another with --context. ${listed}`,
    );
  }
  const cluster = config.clusters.find((candidate) => candidate.name === context.cluster);
  if (cluster === undefined) {
    throw configError(
      name,
      'the context names a cluster that the kubeconfig lacks',
      'Log in to the cluster again',
    );
  }
  if (!URL.canParse(cluster.server) || !/^https?:$/.test(new URL(cluster.server).protocol)) {
    throw configError(
      name,
      'the address of its API server is no http or https URL',
      'Log in to the cluster again',
    );
  }
  if (cluster.server.startsWith('http:') && !cluster.skipTLSVerify) {
    throw configError(
      name,
      'its API server is reached without TLS',
      'Use an https address, or say insecure-skip-tls-verify in the kubeconfig if that is meant',
    );
  }
  config.setCurrentContext(name);
  return { config, context: name, namespace: context.namespace, server: addressOf(cluster.server) };
}

/** The URL without whatever user name and password stand in it. */
function addressOf(server: string): string {
  const url = new URL(server);
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

function firstOfEachName<T extends { readonly name: string }>(entries: readonly T[]): T[] {
  const first = new Map<string, T>();
  for (const entry of entries) if (!first.has(entry.name)) first.set(entry.name, entry);
  return [...first.values()];
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function configError(input: string | undefined, why: string, remedy: string, cause?: unknown): PaudeError {
  return new PaudeError('cluster-config-invalid', {
    action: 'use the kubeconfig',
    input,
    why,
    remedy,
    cause,
  });
}
