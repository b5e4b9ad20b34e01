import type { KindReader, Weakness } from '../model/lifted.ts';
import type { KubernetesObject } from '../model/object.ts';
import { isMap, liveList, liveMap, liveName, liveText } from '../names/live.ts';

/** Kinds of policies for what pods send, as networks call them. */
const POLICY = /NetworkPolicy$|^EgressFirewall$/;
/** Rules with these actions open nothing. */
const CLOSING = new Set(['deny', 'drop', 'reject', 'log']);
const MAX_TOLD = 20;

/**
 * Policies of kinds that no reader reads, and that have rules which open something: some outrank the others, some add to them.
 * What they open is not known; that they are there has to be.
 *
 * @param namespaces Where the pods are; policies of other namespaces do not bear on them.
 */
export function unreadKinds(
  objects: readonly KubernetesObject[],
  readers: readonly KindReader[],
  namespaces: ReadonlySet<string>,
): readonly Weakness[] {
  const read = new Set(readers.map(({ group, kind }) => keyOf(group, kind.replace(/^Antrea/, ''))));
  return objects
    .filter((object) => isMap(object) && POLICY.test(liveText(object.kind) ?? ''))
    .filter(({ apiVersion, kind }) => !read.has(keyOf(groupOf(apiVersion), kind)))
    .filter(({ metadata }) => {
      const namespace = liveText(liveMap(metadata).namespace);
      return namespace === undefined || namespaces.has(namespace);
    })
    .filter(opens)
    .slice(0, MAX_TOLD)
    .map((object) => ({
      code: 'kind-unread',
      severity: 'warning',
      object: liveName(object),
      message: `policies of ${groupOf(object.apiVersion) || 'its group'} are not read here, and this one has rules that may open what others close`,
      remedy: 'Look at it by hand',
    }));
}

function opens({ spec, ...object }: KubernetesObject): boolean {
  const specs = [spec, ...liveList((object as { specs?: unknown }).specs)].map(liveMap);
  return specs.some(({ egress }) => {
    if (egress !== undefined && egress !== null && !Array.isArray(egress)) return true;
    return liveList(egress).some((rule) => {
      const action = liveText(liveMap(rule).action);
      return action === undefined || !CLOSING.has(action.toLowerCase());
    });
  });
}

function keyOf(group: string, kind: string): string {
  return `${group} ${kind}`;
}

function groupOf(apiVersion: unknown): string {
  return (liveText(apiVersion) ?? '').split('/').slice(0, -1).join('/');
}
