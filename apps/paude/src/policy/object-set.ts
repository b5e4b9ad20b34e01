import { type Allowlist, parseAllowlistFile } from '@paude/allowlist';
import { PaudeError } from '@paude/errors';
import {
  type Enforcement,
  type Intent,
  type IpFamilies,
  type KubernetesObject,
  namespaceIntent,
  networkPolicyEmitter,
  objectNames,
  type Platform,
  readEnforcement,
  readers,
  sessionIntent,
  standaloneIntent,
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
}

/** Whose policies are meant, when a namespace holds several. */
export interface SubjectFlags {
  readonly session?: string | undefined;
  readonly standalone?: string | undefined;
}

/** What objects are for, and the allowlist that the proxy among them follows. */
export interface Subject {
  readonly intent: Intent;
  readonly allowlist?: Allowlist | undefined;
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
  if (session !== undefined || standalone !== undefined) {
    const intent =
      session === undefined ? standaloneIntent(standalone ?? '', options) : sessionIntent(session, options);
    const wanted = objectNames(intent).allowlist;
    const found = allowlistMaps(set).find(({ metadata }) => metadata.name === wanted);
    if (found === undefined && !hasAny(set, intent)) throw nothingThere(set, intent);
    return { intent, allowlist: found && readAllowlistMap(found) };
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
        : standaloneIntent(ofInstance, options);
  return { intent, allowlist: readAllowlistMap(only) };
}

/** Reads back what the objects hold the subject's pods to, and which of the policies that it needs are not there. */
export function enforcementOf(set: ObjectSet, { intent, allowlist }: Subject): Enforcement {
  const { namespace, namespaceLabels, families, wildcardFirewallNames, platform } = set;
  const context = (group: Intent['workload']) => ({
    podLabels: podLabels(set, group),
    namespace,
    namespaceLabels,
    families,
    wildcardFirewallNames,
    platform,
  });
  // Which policies have to be there does not depend on the rules, as long as there are some.
  const expected = networkPolicyEmitter.emit(allowlist ?? EVERYTHING, intent).objects;
  return readEnforcement({
    objects: set.objects,
    readers,
    workload: context(intent.workload),
    ...(intent.proxy === undefined ? {} : { proxy: context(intent.proxy) }),
    expected: expected.map(({ object }) => object),
  });
}

const EVERYTHING: Allowlist = { rules: [], defaultPorts: [80, 443] };

/** The labels that a pod of the group really has, where there is one: policies of others may select it by them. */
function podLabels(set: ObjectSet, { labels }: Intent['workload']): Readonly<Record<string, string>> {
  const wanted = Object.entries(labels);
  const pod = set.objects.find(
    ({ kind, metadata }) =>
      kind === 'Pod' && wanted.every(([name, value]) => metadata.labels?.[name] === value),
  );
  return pod?.metadata.labels ?? labels;
}

function allowlistMaps({ objects }: ObjectSet): KubernetesObject[] {
  return objects.filter(
    ({ kind, data }) =>
      kind === 'ConfigMap' &&
      typeof (data as Record<string, unknown> | undefined)?.[ALLOWLIST_KEY] === 'string',
  );
}

function readAllowlistMap({ metadata, data }: KubernetesObject): Allowlist {
  const text = (data as Record<string, string>)[ALLOWLIST_KEY] ?? '';
  return parseAllowlistFile(text, { path: `ConfigMap/${metadata.name}` });
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
    remedy: `Name one: ${names.sort().slice(0, 20).join(', ')}`,
  });
}
