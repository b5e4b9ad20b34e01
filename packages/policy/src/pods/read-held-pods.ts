import { type EnforcementParts, readEnforcement } from '../diff/read-enforcement.ts';
import type { Enforcement } from '../diff/source.ts';
import { unreadKinds } from '../diff/unread-kinds.ts';
import type { LiftContext, Weakness } from '../model/lifted.ts';
import { heldOtherwise } from './held-otherwise.ts';
import { type ObservedPod, observedPods } from './observed-pods.ts';
import { podGroups } from './pod-groups.ts';
import { heldPodWeaknesses, proxyPodWeaknesses } from './pod-weaknesses.ts';

/** So many ways in which pods are selected are looked at; that there are more is said. */
const MAX_GROUPS = 20;

/** What is to be read of a set of objects, the pods among them too. */
export interface HeldPodsParts extends EnforcementParts {
  /** The ConfigMap that the allowlist of the proxy was read from. @default it was not read */
  readonly configMap?: string | undefined;
}

interface Side {
  readonly pods: 'workload' | 'proxy';
  readonly context: LiftContext;
  readonly there: readonly ObservedPod[];
}

/**
 * {@link readEnforcement} for the pods that are there: they have more labels than those that they were made for, and not all of
 * them the same, and they may be made so that no policy holds them, or that their proxy goes by other rules. Where there are no
 * pods, the labels of the contexts are those of the pods to come.
 */
export function readHeldPods(parts: HeldPodsParts): Enforcement {
  const { objects, workload, proxy, configMap } = parts;
  const pods = observedPods(objects);
  const ofProxy = proxy === undefined ? [] : pods.filter((pod) => isOf(pod, proxy));
  const ofWorkload =
    workload === undefined ? [] : pods.filter((pod) => isOf(pod, workload) && !ofProxy.includes(pod));
  const sides: Side[] = [];
  if (workload !== undefined) sides.push({ pods: 'workload', context: workload, there: ofWorkload });
  if (proxy !== undefined) sides.push({ pods: 'proxy', context: proxy, there: ofProxy });
  const grouped = sides.map((side) => ({ ...side, groups: podGroups(side.there, objects) }));
  const contexts = Object.fromEntries(
    grouped.map(({ pods: side, context, groups }) => [side, withLabels(context, groups[0])]),
  );
  const first = readEnforcement({ ...parts, ...contexts });
  const others = grouped.flatMap(({ pods: side, context, groups: [one, ...rest] }): readonly Weakness[] => {
    if (one === undefined) return [];
    const only = ({ layers, missing }: Enforcement): Enforcement => ({
      layers: layers.filter((layer) => layer.pods === side),
      missing,
    });
    const read = rest.slice(0, MAX_GROUPS).map((pod) => {
      const enforcement = readEnforcement({ ...parts, ...contexts, [side]: withLabels(context, pod) });
      return { pod, enforcement: only(enforcement) };
    });
    const unread = rest[MAX_GROUPS];
    return [
      ...heldOtherwise({ pod: one, enforcement: only(first) }, read),
      ...(unread === undefined ? [] : [tooMany(unread, rest.length - MAX_GROUPS)]),
    ];
  });
  const weaknesses = [
    ...heldPodWeaknesses([...ofWorkload, ...ofProxy]),
    ...proxyPodWeaknesses(ofProxy, configMap),
    ...unreadKinds(objects, parts.readers, new Set(sides.map(({ context }) => context.namespace))),
    ...others,
  ];
  return { ...first, weaknesses };
}

function isOf({ namespace, labels }: ObservedPod, context: LiftContext): boolean {
  if (namespace !== undefined && namespace !== context.namespace) return false;
  return Object.entries(context.podLabels).every(([name, value]) => labels[name] === value);
}

function withLabels(context: LiftContext, pod: ObservedPod | undefined): LiftContext {
  return pod === undefined ? context : { ...context, podLabels: pod.labels };
}

function tooMany({ object }: ObservedPod, count: number): Weakness {
  return {
    code: 'pods-unread',
    severity: 'warning',
    object,
    message: `pods have so many different labels that it and ${count - 1} others like it were not looked at`,
    remedy: 'Look at fewer pods at once: name a session or a proxy',
  };
}
