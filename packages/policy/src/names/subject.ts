import { objectLabels, objectNames } from '../intents/object-names.ts';
import type { Intent, PodGroup } from '../model/intent.ts';
import type { ObjectMeta } from '../model/object.ts';

/** The pods that objects with names hold: the proxy's where there is one, behind which the workload is; else the workload's. */
export interface Subject {
  readonly pods: PodGroup;
  readonly isProxy: boolean;
  readonly namespace: string;
  /** What their object is called, but for kinds whose name is pinned. */
  readonly name: string;
}

/** Whose names an intent's objects hold. */
export function subjectOf(intent: Intent): Subject {
  const { workloadEgress, proxyEgress } = objectNames(intent);
  const isProxy = intent.proxy !== undefined;
  const pods = intent.proxy ?? intent.workload;
  return {
    pods,
    isProxy,
    namespace: pods.namespace ?? intent.namespace,
    name: isProxy ? proxyEgress : workloadEgress,
  };
}

/** The metadata of an object of the subject's namespace. */
export function metadataOf(intent: Intent, { namespace }: Subject, name: string): ObjectMeta {
  return { name, namespace, labels: objectLabels(intent) };
}

/** A selector of pods; nothing in it selects them all. */
export function podSelector({ labels }: PodGroup): {
  readonly matchLabels?: Readonly<Record<string, string>>;
} {
  return Object.keys(labels).length === 0 ? {} : { matchLabels: labels };
}
