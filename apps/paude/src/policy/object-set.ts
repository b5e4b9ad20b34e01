import { type Allowlist, parseAllowlistFile } from '@paude/allowlist';
import { PaudeError } from '@paude/errors';
import {
  type DnsMode,
  type Enforcement,
  type Intent,
  type IpFamilies,
  type KubernetesObject,
  namespaceIntent,
  networkPolicyEmitter,
  objectNames,
  type Platform,
  readers,
  readHeldPods,
  sessionIntent,
  standaloneIntent,
  type Weakness,
} from '@paude/policy';

/** Objects, from a cluster or from files, and how they are to be understood. */
export interface ObjectSet {
  /** As the person named it. */
  readonly name: string;
  readonly objects: readonly KubernetesObject[];
  readonly namespace: string;
  readonly namespaceLabels: Readonly<Record<string, string>>;
  readonly platform: Platform;
  readonly families: IpFamilies;
  readonly wildcardFirewallNames: boolean;
  readonly atMs: number;
  /** Kinds of which nobody could tell whether there are any: this user may not list them. @default [] */
  readonly unlisted?: readonly string[];
}

/** Whose policies are meant, when a namespace holds several. */
export interface SubjectFlags {
  /** Where it cannot be told from the objects. */
  readonly target?: Platform | undefined;
  readonly session?: string | undefined;
  readonly standalone?: string | undefined;
}

/** What objects are for, and the allowlist that the proxy among them follows. */
export interface Subject {
  readonly intent: Intent;
  readonly allowlist?: Allowlist | undefined;
  /** The ConfigMap that it was read from. */
  readonly configMap?: string | undefined;
}

const ALLOWLIST_KEY = 'allowlist.yaml';
const SESSION_LABEL = 'paude.io/session-name';
const INSTANCE_LABEL = 'app.kubernetes.io/instance';

/**
 * Finds what the objects are for: the session or proxy that was named, or the only one whose allowlist is among them, or
 * else all pods of the namespace.
 *
 * @throws PaudeError `policy-source-ambiguous`, `policy-source-empty`, and what `parseAllowlistFile()` throws.
 */
export function findSubject(set: ObjectSet, flags: SubjectFlags): Subject {
  const { namespace, atMs, platform, families, wildcardFirewallNames } = set;
  const options = { namespace, atMs, platform, families, wildcardFirewallNames };
  const { session, standalone } = flags;
  const proxyOf = (name: string) => standaloneIntent(name, { ...options, ...clientsOf(set, name) });
  if (session !== undefined || standalone !== undefined) {
    const intent = session === undefined ? proxyOf(standalone ?? '') : sessionIntent(session, options);
    const wanted = objectNames(intent).allowlist;
    const found = allowlistMaps(set).find(({ metadata }) => metadata.name === wanted);
    if (found === undefined && !hasAny(set, intent)) throw nothingThere(set, intent);
    return { intent, ...(found === undefined ? {} : readAllowlistMap(found)) };
  }
  const maps = allowlistMaps(set);
  const [only, ...others] = maps;
  if (only === undefined) return { intent: namespaceIntent(namespace, options) };
  if (others.length > 0) throw ambiguous(set, maps);
  const labels = only.metadata.labels ?? {};
  const { [SESSION_LABEL]: ofSession, [INSTANCE_LABEL]: ofInstance } = labels;
  const intent =
    ofSession !== undefined
      ? sessionIntent(ofSession, options)
      : ofInstance === undefined
        ? namespaceIntent(namespace, options)
        : proxyOf(ofInstance);
  return { intent, ...readAllowlistMap(only) };
}

/** Where the clients of a standalone proxy are, when that is not where it is itself: its own ingress says so. */
function clientsOf({ objects, namespace }: ObjectSet, name: string): { clients?: { namespace: string } } {
  const there = clientNamespaces(objects, name).find((other) => other !== namespace);
  return there === undefined ? {} : { clients: { namespace: there } };
}

/** The namespaces that the ingress policies of proxies name; of one proxy, or of all. */
export function clientNamespaces(objects: readonly KubernetesObject[], name?: string): readonly string[] {
  const policies = objects.filter(
    ({ kind, metadata }) =>
      kind === 'NetworkPolicy' &&
      metadata.labels?.['app.kubernetes.io/managed-by'] === 'paude' &&
      (name === undefined || metadata.labels?.[INSTANCE_LABEL] === name),
  );
  // Objects of a cluster may be anything; what does not look like a policy names nothing.
  const found = policies.flatMap(({ spec }) =>
    [
      ...JSON.stringify((spec as { ingress?: unknown } | undefined)?.ingress ?? []).matchAll(NAMESPACE_NAME),
    ].map(([, namespace = '']) => namespace),
  );
  return [...new Set(found)];
}

const NAMESPACE_NAME = /"kubernetes\.io\/metadata\.name":"([a-z\d-]{1,63})"/g;

/** Reads back what the objects hold the subject's pods to, and which of the policies that it needs are not there. */
export function enforcementOf(set: ObjectSet, { intent, allowlist, configMap }: Subject): Enforcement {
  const { families, wildcardFirewallNames, platform } = set;
  const policiesOf = (dns: DnsMode) =>
    // Which policies there have to be does not depend on the rules, as long as there are some.
    networkPolicyEmitter
      .emit(allowlist ?? EVERYTHING, { ...intent, dns })
      .objects.map(({ object }) => object);
  // Where pods ask for names was chosen when the policies were made.
  const meant = DNS_MODES.flatMap(policiesOf);
  const context = ({ labels, namespace = set.namespace }: Intent['workload']) => ({
    podLabels: labels,
    namespace,
    namespaceLabels:
      namespace === set.namespace ? set.namespaceLabels : { 'kubernetes.io/metadata.name': namespace },
    families,
    wildcardFirewallNames,
    platform,
    meant,
  });
  const enforcement = readHeldPods({
    objects: set.objects,
    readers,
    workload: context(intent.workload),
    ...(intent.proxy === undefined ? {} : { proxy: context(intent.proxy) }),
    expected: policiesOf(intent.dns),
    configMap,
  });
  return {
    ...enforcement,
    weaknesses: [...(enforcement.weaknesses ?? []), ...(set.unlisted ?? []).map(unlisted)],
  };
}

/** What is not seen is not the same as what is not there. */
function unlisted(kind: string): Weakness {
  return {
    code: 'kind-unlisted',
    severity: 'warning',
    object: kind,
    message: 'this user may not list them in the cluster, so whether one of them opens the pods is not known',
    remedy: `Ask somebody who may: kubectl get ${kind.toLowerCase()}`,
  };
}

const DNS_MODES: readonly DnsMode[] = ['kube-dns', 'openshift', 'node-local', 'none'];
const EVERYTHING: Allowlist = { rules: [], defaultPorts: [80, 443] };

function allowlistMaps({ objects }: ObjectSet): KubernetesObject[] {
  return objects.filter(
    ({ kind, data }) =>
      kind === 'ConfigMap' &&
      typeof (data as Record<string, unknown> | undefined)?.[ALLOWLIST_KEY] === 'string',
  );
}

function readAllowlistMap({ metadata, data }: KubernetesObject) {
  const text = (data as Record<string, string>)[ALLOWLIST_KEY] ?? '';
  const { name } = metadata;
  return { allowlist: parseAllowlistFile(text, { path: `ConfigMap/${name}` }), configMap: name };
}

function hasAny({ objects }: ObjectSet, intent: Intent): boolean {
  const names = new Set<string>(Object.values(objectNames(intent)));
  return objects.some(({ metadata }) => names.has(metadata.name));
}

function nothingThere({ name, namespace }: ObjectSet, { form, name: subject }: Intent): PaudeError {
  const what = form === 'session' ? 'session' : 'proxy';
  return new PaudeError('policy-source-empty', {
    action: `find the ${what}`,
    input: subject,
    why: `${name} holds nothing of it in the namespace ${namespace}`,
    remedy: `Check the name and the namespace, or leave the ${what} out to look at the namespace as a whole`,
  });
}

function ambiguous({ name }: ObjectSet, maps: readonly KubernetesObject[]): PaudeError {
  const names = maps.map(({ metadata }) => {
    const session = metadata.labels?.[SESSION_LABEL];
    const instance = metadata.labels?.[INSTANCE_LABEL];
    if (session !== undefined) return `--session ${session}`;
    return instance === undefined ? `the ConfigMap ${metadata.name}` : `--standalone ${instance}`;
  });
  return new PaudeError('policy-source-ambiguous', {
    action: 'tell which proxy is meant in',
    input: name,
    why: `there are ${maps.length}`,
    remedy: `Name one: ${[...new Set(names)].sort().slice(0, 20).join(', ')}`,
  });
}
