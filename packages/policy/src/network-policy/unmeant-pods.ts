import type { LiftContext, Weakness } from '../model/lifted.ts';
import { describeRule } from './describe-rule.ts';
import { ADMIN_PORT } from './network-policy-emitter.ts';
import { type PeerView, type PolicyView, type PortView, type RuleView, readPolicy } from './policy-view.ts';
import { type Selector, selects } from './selector.ts';

const SHOWN = 3;

/**
 * Pods that policies let the pod reach, or let in, beyond those of the policies that were made for it. Any of them may lead
 * on, and who gets at a proxy uses its credentials.
 *
 * @param told Policies of which it is said already that they open more; what else they let out is left out.
 */
export function unmeantPods(
  policies: readonly PolicyView[],
  context: LiftContext,
  told: ReadonlySet<string>,
): Weakness[] {
  const { meant } = context;
  if (meant === undefined) return [];
  const ours = selecting(meant.map(readPolicy), context);
  const there = selecting(policies, context);
  return [...lettingOut(there, ours, { context, told }), ...lettingIn(there, ours, context)];
}

function selecting(
  policies: readonly PolicyView[],
  { namespace: own, podLabels }: LiftContext,
): PolicyView[] {
  return policies.filter(
    ({ namespace = own, pods }) => namespace === own && selects(pods, podLabels) !== false,
  );
}

function lettingOut(
  there: readonly PolicyView[],
  ours: readonly PolicyView[],
  { context, told }: { readonly context: LiftContext; readonly told: ReadonlySet<string> },
): Weakness[] {
  const meant = ours.filter(({ isEgress }) => isEgress).flatMap(({ egress }) => egress);
  return there.flatMap((policy) => {
    if (!policy.isEgress || told.has(policy.name)) return [];
    const found = policy.egress.flatMap(({ peers, ports, written }) => {
      const pods = peers?.filter((peer) => peer.kind === 'pods' && !isEveryPod(peer)) ?? [];
      const rule = { peers: pods, ports, written };
      return pods.length === 0 || isMeant(rule, meant, context) ? [] : [rule];
    });
    if (found.length === 0) return [];
    return [
      {
        code: 'network-policy-pods-opened',
        severity: 'warning',
        object: `NetworkPolicy/${policy.name}`,
        message: `it opens pods that are not meant, any of which may lead on: ${shown(found, 'to')}`,
        remedy: 'Remove that, or let it select other pods',
      },
    ];
  });
}

function lettingIn(
  there: readonly PolicyView[],
  ours: readonly PolicyView[],
  context: LiftContext,
): Weakness[] {
  const closing = ours.filter(({ isIngress }) => isIngress);
  if (closing.length === 0) return [];
  const holding = there.filter(({ isIngress }) => isIngress);
  if (!holding.some(({ pods }) => selects(pods, context.podLabels) === true)) return [nobodyCloses(context)];
  const meant = closing.flatMap(({ ingress }) => ingress);
  return holding.flatMap((policy) => {
    const found = policy.ingress.filter((rule) => !isMeant(rule, meant, context));
    if (found.length === 0) return [];
    const isOpen = found.some(({ peers }) => peers === undefined || peers.some(isEveryone));
    return [
      {
        code: 'network-policy-ingress-open',
        severity: isOpen ? 'error' : 'warning',
        object: `NetworkPolicy/${policy.name}`,
        message: `it lets in others than are meant: ${shown(found, 'from')}`,
        remedy: 'Remove that, or let it select other pods',
      },
    ];
  });
}

function nobodyCloses({ namespace, podLabels }: LiftContext): Weakness {
  const labels = Object.entries(podLabels)
    .map(([key, value]) => `${key}=${value}`)
    .sort();
  return {
    code: 'network-policy-ingress-not-held',
    severity: 'error',
    object: `Namespace/${namespace}`,
    message: `no policy for what comes in selects the pod (${labels.join(', ') || 'without labels'}), so that every pod of the cluster can reach it`,
    remedy: 'Apply the policies of paude policy generate again',
  };
}

/** Whether one of the rules that are meant has all of its peers and ports. */
function isMeant({ peers, ports }: RuleView, meant: readonly RuleView[], context: LiftContext): boolean {
  return meant.some((rule) => {
    if (peers === undefined || rule.peers === undefined) return false;
    const keys = new Set(rule.peers.map((peer) => keyOf(peer, context)));
    return peers.every((peer) => keys.has(keyOf(peer, context))) && arePorts(ports, rule.ports);
  });
}

/** The same pods in whatever way they are written; what cannot be read is like nothing. */
function keyOf(peer: PeerView, { namespace }: LiftContext): string | undefined {
  if (peer.kind === 'unreadable') return 'unreadable';
  if (peer.kind === 'block') return `block ${peer.cidr.text} ${peer.except.map(({ text }) => text).join()}`;
  const own: Selector = [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: [namespace] }];
  const { pods, namespaces } = peer;
  return JSON.stringify([sorted(pods), sorted(namespaces === undefined ? own : namespaces.selector)]);
}

function sorted(selector: Selector): readonly string[] | null {
  return (
    selector?.map(({ key, operator, values }) => `${key} ${operator} ${values.toSorted().join()}`).sort() ??
    null
  );
}

/** Which port a proxy listens on is its own matter, as long as it is not the one at which it is asked about itself. */
function arePorts(ports: RuleView['ports'], meant: RuleView['ports']): boolean {
  if (meant === undefined) return true;
  if (ports === undefined) return false;
  const [one, ...others] = ports;
  if (others.length === 0 && one !== undefined && meant.length === 1 && meant.every(isOnePort)) {
    return isOnePort(one) && one.protocol === meant[0]?.protocol && one.range?.[0] !== ADMIN_PORT;
  }
  return ports.every((port) => meant.some((other) => isWithin(port, other)));
}

function isOnePort({ range }: PortView): boolean {
  return range !== undefined && range[0] === range[1];
}

function isWithin({ protocol, range }: PortView, other: PortView): boolean {
  if (protocol !== other.protocol || range === undefined || other.range === undefined) return false;
  return other.range[0] <= range[0] && range[1] <= other.range[1];
}

/** It has a word of its own for these. */
function isEveryPod(peer: PeerView): boolean {
  return peer.kind === 'pods' && peer.namespaces?.selector?.length === 0 && peer.pods?.length === 0;
}

function isEveryone(peer: PeerView): boolean {
  return isEveryPod(peer) || (peer.kind === 'block' && peer.cidr.prefix === 0);
}

function shown(rules: readonly RuleView[], side: 'to' | 'from'): string {
  const more = rules.length - SHOWN;
  const texts = rules.slice(0, SHOWN).map((rule) => describeRule(rule, side));
  return `${texts.join('; ')}${more > 0 ? ` and ${more} more` : ''}`;
}
