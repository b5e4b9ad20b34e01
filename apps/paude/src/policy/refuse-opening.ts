import type { Cluster } from '@paude/cluster';
import { PaudeError } from '@paude/errors';
import {
  type Diagnostic,
  type Intent,
  type KubernetesObject,
  networkPolicyReader,
  type Weakness,
} from '@paude/policy';
import type { Io } from '../io.ts';

export interface OpeningOptions {
  readonly cluster: Pick<Cluster, 'list' | 'namespace'>;
  /** What is to be applied. */
  readonly ordered: readonly KubernetesObject[];
  readonly intent: Intent;
  readonly diagnostics: readonly Diagnostic[];
  /** The person has said that it may be so. */
  readonly accepted: boolean;
  readonly io: Pick<Io, 'stderr'>;
}

/** What applying looks after itself: it waits for the status, and takes back what is not in force. */
const LOOKED_AFTER = 'egress-firewall-fails-open';

/**
 * Refuses what would look closed and be open: objects that a condition of the cluster can open, and pods that a policy of
 * somebody else in the namespace opens whatever is applied.
 *
 * @throws PaudeError `policy-fail-open`.
 */
export async function refuseOpening(options: OpeningOptions): Promise<void> {
  const { diagnostics, accepted, io } = options;
  const open = diagnostics.filter(
    ({ effect, severity, code }) => effect === 'fail-open' && severity !== 'info' && code !== LOOKED_AFTER,
  );
  const reasons = [
    ...open.map(({ kind, object, message }) => `${kind}/${object ?? ''} ${message}`),
    ...(await openedByOthers(options)).map(({ object, message }) => `${object}: ${message}`),
  ];
  const [first] = reasons;
  if (first === undefined) return;
  if (accepted) {
    for (const reason of reasons) io.stderr.write(`warning: open all the same: ${reason}.\n`);
    return;
  }
  throw new PaudeError('policy-fail-open', {
    action: 'apply the policies',
    input: options.cluster.namespace,
    why: `they would not hold: ${reasons.slice(0, 5).join('; ')}`,
    remedy: 'Mend that first, or say --allow-fail-open when you mean it',
  });
}

/** As the namespace will be: what is there, with ours in the place of those of the same name. */
async function openedByOthers({ cluster, ordered, intent }: OpeningOptions): Promise<readonly Weakness[]> {
  const ours = ordered.filter(({ kind }) => kind === 'NetworkPolicy');
  if (ours.length === 0) return [];
  const reference = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' };
  const { items } = await cluster.list(reference);
  const names = new Set(ours.map(({ metadata }) => metadata.name));
  const others = items.filter(({ metadata }) => !names.has(metadata.name)) as unknown as KubernetesObject[];
  const { weaknesses } = networkPolicyReader.lift([...ours, ...others], {
    podLabels: intent.workload.labels,
    namespace: cluster.namespace,
    namespaceLabels: { 'kubernetes.io/metadata.name': cluster.namespace },
    families: intent.families,
    wildcardFirewallNames: intent.wildcardFirewallNames,
    platform: intent.platform,
  });
  return weaknesses.filter(({ code }) => code === 'network-policy-opened-by-other');
}
