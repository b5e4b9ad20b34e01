import { parseWords } from '@paude/allowlist';
import type { Destination, KindReader, LiftContext, Lifted, Verdict } from '../model/lifted.ts';
import type { KubernetesObject } from '../model/object.ts';
import { evaluatePolicies, holdingPolicies } from './evaluate.ts';
import { liftPolicies } from './lift.ts';
import { type PolicyView, readPolicy } from './policy-view.ts';
import { weaknessesOf } from './weaknesses.ts';

/**
 * Reads the NetworkPolicies of a namespace back, all of them together: for a pod those that select it add up, and a pod
 * that none selects is open. What is lifted is open outside of the cluster over TCP; pods as destinations are evaluated.
 */
export const networkPolicyReader: KindReader = {
  kind: 'NetworkPolicy',
  group: 'networking.k8s.io',
  lift(objects: readonly KubernetesObject[], context: LiftContext): Lifted {
    const policies = views(objects);
    const { policies: holding } = holdingPolicies(policies, context);
    const isFailOpen = holding.length === 0;
    const source = { file: `Namespace/${context.namespace}` };
    return {
      allowlist: isFailOpen ? parseWords(['all'], { source }) : liftPolicies(holding),
      isFailOpen,
      weaknesses: weaknessesOf(policies, context),
    };
  },
  evaluate(objects: readonly KubernetesObject[], destination: Destination, context: LiftContext): Verdict {
    return evaluatePolicies(views(objects), destination, context);
  },
};

function views(objects: readonly KubernetesObject[]): PolicyView[] {
  return objects
    .filter(({ apiVersion, kind }) => kind === 'NetworkPolicy' && apiVersion.startsWith('networking.k8s.io/'))
    .map(readPolicy);
}
