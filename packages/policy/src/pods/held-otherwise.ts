import { formatRule } from '@paude/allowlist';
import type { Enforcement, EnforcementLayer } from '../diff/source.ts';
import type { Weakness } from '../model/lifted.ts';
import type { ObservedPod } from './observed-pods.ts';

/** Pods of one group, and what holds them. */
export interface HeldPods {
  readonly pod: ObservedPod;
  readonly enforcement: Enforcement;
}

/**
 * What other pods of the same groups let pass that the first ones do not: policies can select some of them by labels that the
 * others have not.
 */
export function heldOtherwise(first: HeldPods, others: readonly HeldPods[]): readonly Weakness[] {
  const known = new Set(first.enforcement.layers.flatMap(({ lifted }) => lifted.weaknesses.map(keyOf)));
  return others.flatMap(({ pod, enforcement }) => {
    const weaknesses = enforcement.layers
      .flatMap(({ lifted }) => lifted.weaknesses)
      .filter((weakness) => !known.has(keyOf(weakness)));
    for (const weakness of weaknesses) known.add(keyOf(weakness));
    const layers = enforcement.layers.filter(
      (layer) => saidBy(layer) !== saidBy(first.enforcement.layers.find((one) => isSame(one, layer))),
    );
    const gone = first.enforcement.layers.filter(
      (layer) => !enforcement.layers.some((one) => isSame(one, layer)),
    );
    const kinds = [...new Set([...layers, ...gone].map(({ kind }) => kind))].sort();
    if (kinds.length === 0) return weaknesses;
    return [
      ...weaknesses,
      {
        code: 'pods-held-otherwise',
        severity: 'error',
        object: pod.object,
        message: `its labels are selected by other policies (${kinds.join(', ')}) than those of ${first.pod.object}, and other things are open to it`,
        remedy: 'See which labels the policies of others select, and take them off the pod',
      },
    ];
  });
}

function isSame(a: EnforcementLayer, b: EnforcementLayer): boolean {
  return a.kind === b.kind && a.pods === b.pods;
}

function saidBy(layer: EnforcementLayer | undefined): string {
  if (layer === undefined) return '';
  const { allowlist, isFailOpen } = layer.lifted;
  return JSON.stringify([isFailOpen, allowlist.rules.map(formatRule).sort()]);
}

function keyOf({ code, object, message }: Weakness): string {
  return JSON.stringify([code, object, message]);
}
