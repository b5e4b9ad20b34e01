import type { Allowlist } from '@paude/allowlist';
import { compile, splitWords } from '@paude/allowlist';
import { emitters, type ImportNote, importedAllowlist, type Source, type SourceKind } from '@paude/policy';
import { loadAllowlist } from '@paude/proxy';
import type { Io } from '../io.ts';
import { readCluster } from './cluster-source.ts';
import { readManifestFiles } from './manifests-source.ts';
import { enforcementOf, findSubject, type ObjectSet, type Subject, type SubjectFlags } from './object-set.ts';
import { type ProxyState, readProxy } from './proxy-source.ts';
import { readLog } from './read-log.ts';
import { parseSourceName, type SourceName } from './source-name.ts';
import { readSquid } from './squid-source.ts';

/** How sources are to be read. */
export interface ReadOptions extends SubjectFlags {
  readonly io: Pick<Io, 'env' | 'stdin' | 'stderr'>;
  readonly atMs: number;
  readonly agent?: string | undefined;
  readonly adminTokenFile?: string | undefined;
  readonly kubeconfig?: string | undefined;
  /** The admin address of the proxy of a namespace, as through a port-forward. */
  readonly proxy?: string | undefined;
}

/** A source that was read, and what else is known of it. */
export interface ReadSource {
  readonly source: Source;
  /** Where the objects of a cluster or of manifests are known. */
  readonly objects?: { readonly set: ObjectSet; readonly subject: Subject };
}

/**
 * Reads a source by its name.
 *
 * @throws PaudeError for everything that cannot be read.
 */
export async function readSource(written: string, options: ReadOptions): Promise<ReadSource> {
  const name = parseSourceName(written);
  const { kind } = name;
  const as = (what: Omit<Source, 'name' | 'kind'>): ReadSource => ({
    source: { name: written, kind: kind as SourceKind, ...what },
  });
  switch (name.kind) {
    case 'words':
      return as({ allowlist: await loadAllowlist({ words: splitWords(name.words), agent: options.agent }) });
    case 'file':
      return as({ allowlist: await loadAllowlist({ words: [], file: name.path, agent: options.agent }) });
    case 'log':
      return as({ usage: await readLog(name.path, options.io) });
    case 'squid':
      return as({ allowlist: await squidAllowlist(name.path, options.io) });
    case 'proxy': {
      const { allowlist, ...state } = await readProxy(name.url, { tokenFile: options.adminTokenFile });
      return as({ allowlist, running: { where: written, ...runningState(state) } });
    }
    case 'manifests':
      return fromObjects(await manifestSet(name, options), { ...options, kind });
    case 'cluster':
      return fromObjects(await readCluster(name, options), { ...options, kind });
    case 'session': {
      const set = await readCluster({ name: written }, options);
      return fromObjects(set, { ...options, kind, session: name.session });
    }
  }
}

/**
 * Gives a side that is an allowlist alone the objects that it would be enforced by where the other side is, so that these
 * can be compared one by one.
 */
export function withExpectedObjects(side: ReadSource, other: ReadSource): Source {
  const { source } = side;
  const { allowlist } = source;
  if (other.objects === undefined || side.objects !== undefined || allowlist === undefined) return source;
  const { set, subject } = other.objects;
  const kinds = new Set(set.objects.map(({ kind }) => kind));
  const objects = [...emitters.values()]
    .filter(({ kind }) => kinds.has(kind))
    .flatMap((emitter) => emitter.emit(allowlist, subject.intent).objects)
    .map(({ object }) => object);
  const enforcement = enforcementOf({ ...set, objects }, { ...subject, allowlist });
  return { ...source, enforcement };
}

async function fromObjects(
  set: ObjectSet,
  options: ReadOptions & { readonly kind: SourceKind },
): Promise<ReadSource> {
  const subject = findSubject(set, options);
  const { allowlist } = subject;
  const running = options.proxy === undefined ? undefined : await runningProxy(options.proxy, options);
  return {
    source: {
      name: set.name,
      kind: options.kind,
      ...(allowlist === undefined ? {} : { allowlist }),
      enforcement: enforcementOf(set, subject),
      ...(running === undefined ? {} : { running }),
    },
    objects: { set, subject },
  };
}

async function runningProxy(
  url: string,
  { adminTokenFile }: ReadOptions,
): Promise<NonNullable<Source['running']>> {
  const name = parseSourceName(url.startsWith('proxy:') ? url : `proxy:${url}`) as SourceName & {
    kind: 'proxy';
  };
  const { allowlist, ...state } = await readProxy(name.url, { tokenFile: adminTokenFile });
  return { allowlist, where: `the proxy at ${name.url.origin}`, ...runningState(state) };
}

function runningState({ readMs, reloadFailure, reportOnly }: Omit<ProxyState, 'allowlist'>) {
  return { readMs, reportOnly, ...(reloadFailure === undefined ? {} : { reloadFailure }) };
}

/** Of files nobody knows where they go: the namespace is theirs, the platform that of the kinds among them. */
async function manifestSet(
  { name, path }: { readonly name: string; readonly path: string },
  { atMs, standalone, target }: ReadOptions,
): Promise<ObjectSet> {
  const objects = await readManifestFiles(path);
  // The proxy's, where there is one: its clients may be in another.
  const proxy = objects.find(
    ({ kind, metadata }) =>
      kind === 'ConfigMap' && (standalone === undefined || metadata.name.startsWith(standalone)),
  );
  const { namespace = 'default' } =
    (proxy ?? objects.find(({ metadata }) => metadata.namespace))?.metadata ?? {};
  const isOpenshift = objects.some(({ apiVersion }) => /(?:openshift\.io|k8s\.ovn\.org)\//.test(apiVersion));
  return {
    name,
    objects,
    namespace,
    namespaceLabels: { 'kubernetes.io/metadata.name': namespace },
    platform: target ?? (isOpenshift ? 'openshift' : 'kubernetes'),
    families: 'dual',
    wildcardFirewallNames: false,
    atMs,
  };
}

async function squidAllowlist(path: string, { stderr }: Pick<Io, 'stderr'>): Promise<Allowlist> {
  const imported = await readSquid(path);
  for (const note of imported.notes) stderr.write(formatNote(note));
  const allowlist = importedAllowlist(imported);
  compile(allowlist);
  return allowlist;
}

/** One line about what an import could not say exactly. */
export function formatNote({ kind, file, line, message, remedy }: ImportNote): string {
  const place = line === 0 ? file : `${file}:${line}`;
  return `${kind}: ${place}: ${message}. ${remedy}.\n`;
}
