import { setTimeout as sleep } from 'node:timers/promises';
import type { AppliedObject, Cluster, ClusterObject } from '@paude/cluster';
import { PaudeError } from '@paude/errors';
import type { Io } from '../io.ts';

const ASK_EVERY_MS = 500;
/** The status of a firewall that was changed is that of the rules before, until the controller has looked. */
const STALE_MS = 3000;
/** What the controller writes when all rules are in force (ovn-kubernetes, `egressfirewall.go`). */
const IN_FORCE = 'EgressFirewall Rules applied';

/**
 * Waits until the controller says that an EgressFirewall is in force. One that fails on its first creation lets everything
 * pass, so this is to undo it; one of which nothing is heard is only told about.
 *
 * @throws PaudeError `egress-firewall-failed`.
 */
export async function firewallCheck(
  cluster: Pick<Cluster, 'get'>,
  applied: readonly AppliedObject[],
  { waitMs, io }: { readonly waitMs: number; readonly io: Pick<Io, 'stderr'> },
): Promise<void> {
  const found = applied.find(({ after }) => after.kind === 'EgressFirewall');
  if (found === undefined || found.change === 'unchanged') return;
  const firewall = found.after;
  const { name, namespace } = firewall.metadata;
  const startMs = performance.now();
  const believableMs = found.change === 'created' ? startMs : startMs + STALE_MS;
  for (;;) {
    const status = statusOf(await cluster.get(firewall, name, { namespace }));
    const nowMs = performance.now();
    if (nowMs >= believableMs) {
      if (status?.includes(IN_FORCE) === true && !/fail|error/i.test(status)) return;
      if (status !== undefined && /fail|error/i.test(status)) throw failed(name, status);
    }
    if (nowMs >= startMs + waitMs) break;
    await sleep(ASK_EVERY_MS);
  }
  io.stderr.write(
    `warning: EgressFirewall/${name}: the cluster has not said yet that it is in force; until then it holds nothing. Look again with paude policy audit.\n`,
  );
}

function statusOf({ status }: ClusterObject): string | undefined {
  const text = (status as { status?: unknown } | undefined)?.status;
  return typeof text === 'string' && text !== '' ? text : undefined;
}

function failed(input: string, status: string): PaudeError {
  return new PaudeError('egress-firewall-failed', {
    action: 'put the EgressFirewall in force',
    input,
    why: `the cluster says "${status}", and a firewall that fails lets everything pass`,
    remedy:
      'It has been taken back. Leave out what it cannot do here, such as --wildcard-names, and apply again',
  });
}
