import type { KubernetesObject } from '../model/object.ts';
import { isMap, type Live, liveMap, liveText } from '../names/live.ts';

/** A pod that is there, or that an object will make. */
export interface ObservedPod {
  /** `Pod/agent-0`; `Deployment/proxy` of one that is only to be made. */
  readonly object: string;
  /** Undefined where a manifest leaves it to whoever applies it. */
  readonly namespace: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: Live;
}

/** Kinds that have a template for pods. */
const MAKERS: ReadonlySet<string> = new Set([
  'DaemonSet',
  'Deployment',
  'Job',
  'ReplicaSet',
  'ReplicationController',
  'StatefulSet',
]);

/** Pods that have come to their end send nothing any more. */
const ENDED: ReadonlySet<unknown> = new Set(['Succeeded', 'Failed']);

/** The pods among objects, and those that other objects will make. */
export function observedPods(objects: readonly KubernetesObject[]): readonly ObservedPod[] {
  return objects.flatMap((object) => {
    if (!isMap(object) || liveText(object.kind) === undefined) return [];
    const { kind, spec, status } = object;
    const { name, namespace, labels } = liveMap(object.metadata);
    const common = { object: `${kind}/${liveText(name) ?? ''}`, namespace: liveText(namespace) };
    if (kind === 'Pod') {
      if (ENDED.has(liveMap(status).phase)) return [];
      return [{ ...common, labels: textsOf(labels), spec: liveMap(spec) }];
    }
    const template = kind === 'CronJob' ? liveMap(liveMap(liveMap(spec).jobTemplate).spec) : liveMap(spec);
    if (kind !== 'CronJob' && !MAKERS.has(kind)) return [];
    const { metadata, spec: podSpec } = liveMap(template.template);
    return [{ ...common, labels: textsOf(liveMap(metadata).labels), spec: liveMap(podSpec) }];
  });
}

function textsOf(labels: unknown): Readonly<Record<string, string>> {
  const texts = Object.entries(liveMap(labels)).flatMap(([key, value]) =>
    typeof value === 'string' ? [[key, value] as const] : [],
  );
  return Object.fromEntries(texts);
}
