import { cidrHas } from '@paude/allowlist';
import type { Destination, LiftContext, Verdict } from '../model/lifted.ts';
import type { PeerView, PolicyView, PortView } from './policy-view.ts';
import { type Known, selects } from './selector.ts';
import { isNeverPublic } from './special-ranges.ts';

/** The policies that hold what leaves the pod; undefined members cannot be told. */
export interface Holding {
  readonly policies: readonly PolicyView[];
  /** Policies of which it cannot be told whether they select the pod. */
  readonly uncertain: readonly PolicyView[];
}

/** The policies that bear on what leaves the pod of a context. */
export function holdingPolicies(policies: readonly PolicyView[], context: LiftContext): Holding {
  const there = policies.filter(({ namespace = context.namespace }) => namespace === context.namespace);
  const selected = there.map((policy) => ({ policy, isSelected: selects(policy.pods, context.podLabels) }));
  const of = (wanted: Known): PolicyView[] =>
    selected
      .filter(({ policy, isSelected }) => policy.isEgress && isSelected === wanted)
      .map(({ policy }) => policy);
  return { policies: of(true), uncertain: of(undefined) };
}

/**
 * What policies say of a packet that leaves the pod: those that select it add up, and without one everything is allowed.
 * A name whose addresses are not known is taken for one of the public Internet. `unknown` hangs on which addresses of it
 * those are, on ports that only pods know, and on what cannot be read.
 */
export function evaluatePolicies(
  policies: readonly PolicyView[],
  destination: Destination,
  context: LiftContext,
): Verdict {
  const { host, address, pod } = destination;
  const isNameAlone = host !== undefined && address === undefined && pod === undefined;
  if (!isNameAlone) return evaluateOne(policies, { destination, context, publicFamily: undefined });
  const verdicts = FAMILIES[context.families].map((family) =>
    evaluateOne(policies, { destination, context, publicFamily: family }),
  );
  const [verdict = 'unknown', ...others] = verdicts;
  return others.every((other) => other === verdict) ? verdict : 'unknown';
}

const FAMILIES = { ipv4: [4], ipv6: [6], dual: [4, 6] } as const;

function evaluateOne(policies: readonly PolicyView[], asked: Asked): Verdict {
  const { destination, context } = asked;
  const { policies: holding, uncertain } = holdingPolicies(policies, context);
  if (holding.length === 0) return uncertain.length === 0 ? 'allow' : 'unknown';
  const verdicts = holding.flatMap((policy) =>
    policy.egress.map(({ peers, ports }) =>
      both(
        peers === undefined ? true : some(peers, (peer) => isPeer(peer, asked)),
        ports === undefined ? true : some(ports, (port) => isPort(port, destination)),
      ),
    ),
  );
  const isAllowed = some(verdicts, (verdict) => verdict);
  if (isAllowed === true) return 'allow';
  return isAllowed === undefined || uncertain.length > 0 ? 'unknown' : 'deny';
}

interface Asked {
  readonly destination: Destination;
  readonly context: LiftContext;
  /** The destination is some public address of this family, and no more is known of it. */
  readonly publicFamily: 4 | 6 | undefined;
}

function isPeer(peer: PeerView, { destination, context, publicFamily }: Asked): Known {
  const { address, pod } = destination;
  if (peer.kind === 'unreadable') return undefined;
  if (peer.kind === 'block') {
    if (publicFamily !== undefined) return hasPublic(peer, publicFamily);
    if (address === undefined) return pod === undefined ? undefined : false;
    const isIn = cidrHas(peer.cidr, address) && !peer.except.some((range) => cidrHas(range, address));
    // Whether a range of addresses means pods that have them differs from network to network.
    return isIn && pod !== undefined ? undefined : isIn;
  }
  if (pod === undefined) return false;
  const isNamespace =
    peer.namespaces === undefined
      ? pod.namespace === context.namespace
      : selects(peer.namespaces.selector, {
          'kubernetes.io/metadata.name': pod.namespace,
          ...pod.namespaceLabels,
        });
  return both(isNamespace, selects(peer.pods, pod.labels));
}

/** Whether a block holds an address of the public Internet of which no more is known. */
function hasPublic({ cidr, except }: PeerView & { readonly kind: 'block' }, family: 4 | 6): Known {
  if (cidr.family !== family || isNeverPublic(cidr)) return false;
  return cidr.prefix === 0 && except.every(isNeverPublic) ? true : undefined;
}

function isPort({ protocol, range }: PortView, destination: Destination): Known {
  if (protocol !== destination.protocol) return false;
  if (range === undefined) return undefined;
  return destination.port >= range[0] && destination.port <= range[1];
}

function both(a: Known, b: Known): Known {
  if (a === false || b === false) return false;
  return a === undefined || b === undefined ? undefined : true;
}

function some<Item>(items: readonly Item[], holds: (item: Item) => Known): Known {
  const found = items.map(holds);
  if (found.includes(true)) return true;
  return found.includes(undefined) ? undefined : false;
}
