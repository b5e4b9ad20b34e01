import { type Cidr, cidrCovers, SPECIAL_USES } from '@paude/allowlist';
import type { LiftContext, Weakness } from '../model/lifted.ts';
import { isCovered, minimalCidrs } from './cidr-set.ts';
import { describeRule, isDnsRule, opensDnsPort } from './describe-rule.ts';
import { holdingPolicies } from './evaluate.ts';
import type { PolicyView } from './policy-view.ts';
import { selects } from './selector.ts';
import { unmeantPods } from './unmeant-pods.ts';

const PRIVATE = minimalCidrs(SPECIAL_USES.map(({ cidr }) => cidr));
const METADATA = SPECIAL_USES.filter(({ category }) => category === 'metadata').map(({ cidr }) => cidr);
const SHOWN = 3;

/** What makes the policies that hold a pod weaker than they look. */
export function weaknessesOf(policies: readonly PolicyView[], context: LiftContext): Weakness[] {
  const { policies: holding, uncertain } = holdingPolicies(policies, context);
  const there = policies.filter(({ namespace = context.namespace }) => namespace === context.namespace);
  const opened = openedByOthers(holding);
  const told = new Set(opened.map(({ object }) => object.slice('NetworkPolicy/'.length)));
  return [
    ...(holding.length === 0 ? [noneSelects(context)] : []),
    ...there.flatMap((policy) => withoutEgress(policy, context)),
    ...uncertain.map(unreadable),
    ...holding.flatMap((policy) => [
      ...(hasUnreadable(policy) ? [unreadable(policy)] : []),
      ...openRules(policy),
      ...specialUses(policy),
      ...otherProtocols(policy),
    ]),
    ...opened,
    ...unmeantPods(policies, context, told),
    ...dnsPorts(holding, context),
    ...oneFamily(holding, context),
  ];
}

function weakness(policy: PolicyView, parts: Omit<Weakness, 'object'>): Weakness {
  return { ...parts, object: `NetworkPolicy/${policy.name}` };
}

function noneSelects({ namespace, podLabels }: LiftContext): Weakness {
  const labels = Object.entries(podLabels)
    .map(([key, value]) => `${key}=${value}`)
    .sort();
  return {
    code: 'network-policy-none-selects',
    severity: 'error',
    object: `Namespace/${namespace}`,
    message: `no policy for what goes out selects the pod (${labels.join(', ') || 'without labels'}), so that everything is open to it`,
    remedy: 'Apply the policies of paude policy generate, or give the pod the labels that they select',
  };
}

function withoutEgress(policy: PolicyView, context: LiftContext): Weakness[] {
  if (policy.isEgress || selects(policy.pods, context.podLabels) !== true) return [];
  // A policy for what comes in alone is no weakness; one that has rules for what goes out, or is for that, is.
  if (policy.egress.length === 0 && !policy.name.startsWith('paude-egress')) return [];
  return [
    weakness(policy, {
      code: 'network-policy-types-without-egress',
      severity: 'error',
      message: 'its policyTypes do not have Egress, so that it holds nothing that goes out',
      remedy: 'Add Egress to policyTypes',
    }),
  ];
}

function hasUnreadable({ egress }: PolicyView): boolean {
  return egress.some(({ peers }) => peers?.some(({ kind }) => kind === 'unreadable') === true);
}

function unreadable(policy: PolicyView): Weakness {
  return weakness(policy, {
    code: 'network-policy-unreadable',
    severity: 'warning',
    message: 'some of it cannot be read, so that it cannot be told what it opens',
    remedy: 'Correct it',
  });
}

function openRules(policy: PolicyView): Weakness[] {
  return policy.egress.flatMap(({ peers, ports, written }) => {
    const isEmptyList = peers === undefined && Array.isArray((written as { to?: unknown } | null)?.to);
    if (isEmptyList) {
      return [
        weakness(policy, {
          code: 'network-policy-peers-empty',
          severity: 'error',
          message: 'an empty list of peers stands for everyone, not for nobody',
          remedy: 'Name the peers, or remove the rule',
        }),
      ];
    }
    if (peers === undefined) {
      return [
        weakness(policy, {
          code: 'network-policy-egress-open',
          severity: 'error',
          message: `a rule without peers opens ${ports === undefined ? 'everything' : 'every destination at its ports'}`,
          remedy: 'Name the peers',
        }),
      ];
    }
    const isEveryPod = peers.some(
      (peer) => peer.kind === 'pods' && peer.namespaces?.selector?.length === 0 && peer.pods?.length === 0,
    );
    if (!isEveryPod) return [];
    return [
      weakness(policy, {
        code: 'network-policy-cluster-open',
        severity: 'warning',
        message: 'a rule opens every pod of every namespace, any of which may lead on',
        remedy: 'Select the pods that are meant',
      }),
    ];
  });
}

/** Special uses inside of a range that is open, unless the range is one itself: that was meant. */
function specialUses(policy: PolicyView): Weakness[] {
  const blocks = policy.egress.flatMap(({ peers = [] }) =>
    peers.flatMap((peer) => (peer.kind === 'block' ? [peer] : [])),
  );
  const open = (ranges: readonly Cidr[]): string[] => {
    const found = blocks.flatMap(({ cidr, except }) =>
      ranges
        .filter((range) => range.prefix > cidr.prefix && cidrCovers(cidr, range))
        .filter((range) => !isCovered(range, except)),
    );
    return [...new Set(found.map(({ text }) => text))];
  };
  const metadata = open(METADATA);
  const others = open(PRIVATE).filter((text) => !metadata.includes(text));
  const found = [
    { texts: metadata, severity: 'error', what: 'metadata endpoints, which hand out credentials' },
    { texts: others, severity: 'warning', what: 'private and special addresses' },
  ] as const;
  return found.flatMap(({ texts, severity, what }) =>
    texts.length === 0
      ? []
      : [
          weakness(policy, {
            code: 'network-policy-special-use-open',
            severity,
            message: `it opens ${what}: ${shortened(texts)}`,
            remedy: 'Add them to except',
          }),
        ],
  );
}

function otherProtocols(policy: PolicyView): Weakness[] {
  const rule = policy.egress.find(
    ({ peers, ports }) =>
      peers?.some(({ kind }) => kind === 'block') === true &&
      (ports === undefined || ports.some(({ protocol }) => protocol !== 'TCP')) &&
      !isDnsRule({ peers, ports }),
  );
  if (rule === undefined) return [];
  return [
    weakness(policy, {
      code: 'network-policy-other-protocols',
      severity: 'warning',
      message: `it opens more than TCP: ${describeRule(rule)}`,
      remedy: 'Name TCP ports',
    }),
  ];
}

function openedByOthers(holding: readonly PolicyView[]): Weakness[] {
  const ours = new Set(
    holding
      .filter(({ isOurs }) => isOurs)
      .flatMap(({ egress }) => egress.map(({ written }) => JSON.stringify(written))),
  );
  if (!holding.some(({ isOurs }) => isOurs)) return [];
  return holding
    .filter(({ isOurs }) => !isOurs)
    .flatMap((policy) => {
      const added = policy.egress.filter(
        (rule) => !isDnsRule(rule) && !ours.has(JSON.stringify(rule.written)),
      );
      if (added.length === 0) return [];
      const isWorld = added.some(({ peers }) => peers?.every(({ kind }) => kind === 'pods') !== true);
      return [
        weakness(policy, {
          code: 'network-policy-opened-by-other',
          severity: isWorld ? 'error' : 'warning',
          message: `policies add up, and this one opens what ours does not: ${shortened(
            added.map((rule) => describeRule(rule)),
            '; ',
          )}`,
          remedy: 'Remove it, or have it select other pods',
        }),
      ];
    });
}

function dnsPorts(holding: readonly PolicyView[], { platform }: LiftContext): Weakness[] {
  const opens = (port: number): PolicyView | undefined =>
    holding.find(({ egress }) => egress.some((rule) => opensDnsPort(rule, port, platform)));
  const policy = opens(53);
  if (policy === undefined || opens(5353) !== undefined) return [];
  return [
    weakness(policy, {
      code: 'network-policy-dns-port-missing',
      severity: 'warning',
      message:
        'it opens port 53 to the DNS of OpenShift without 5353, the port of its pods, so that no lookup passes',
      remedy: 'Allow 53 and 5353, over UDP and TCP',
    }),
  ];
}

function oneFamily(holding: readonly PolicyView[], { families }: LiftContext): Weakness[] {
  if (families !== 'dual') return [];
  return holding.flatMap((policy) => {
    const world = policy.egress.flatMap(({ peers = [] }) =>
      peers.flatMap((peer) => (peer.kind === 'block' && peer.cidr.prefix === 0 ? [peer.cidr.family] : [])),
    );
    const [family] = world;
    if (family === undefined || new Set(world).size > 1) return [];
    return [
      weakness(policy, {
        code: 'network-policy-one-family',
        severity: 'info',
        message: `it opens the world over IPv${family} alone, though the pods have both families`,
        remedy: family === 4 ? 'Add ::/0 with its exceptions' : 'Add 0.0.0.0/0 with its exceptions',
      }),
    ];
  });
}

function shortened(texts: readonly string[], separator = ', '): string {
  const more = texts.length - SHOWN;
  return `${texts.slice(0, SHOWN).join(separator)}${more > 0 ? ` and ${more} more` : ''}`;
}
