import {
  type Allowlist,
  type Cidr,
  formatRule,
  type Pattern,
  type PortSet,
  type Rule,
} from '@paude/allowlist';
import { commonCidr, minimalCidrs, withoutCidrs } from './cidr-set.ts';
import type { PolicyView, RuleView } from './policy-view.ts';
import { mergeRanges, type PortRange } from './port-ranges.ts';

/** A range whose exceptions leave more pieces than these is lifted whole: that says more is open, never less. */
const MAX_PIECES = 256;
/** Of more exceptions than these only the first count: that, too, says more is open. Ours have about fifty. */
const MAX_HOLES = 512;
/** More ports than an allowlist's rule may name are every port to it. */
const MAX_PORTS = 1000;

/** What policies let out to addresses outside of the cluster, over TCP, as an allowlist. */
export function liftPolicies(policies: readonly PolicyView[]): Allowlist {
  const opened = policies.flatMap((policy) =>
    policy.egress.flatMap((rule) => openedBy(rule).map((piece) => ({ ...piece, policy }))),
  );
  const narrow = opened.flatMap(({ cidr }) => cidr ?? []);
  const rules = opened.map(({ cidr, ports, policy }) =>
    liftedRule(cidr === undefined ? { kind: 'any' } : { kind: 'address', cidr }, {
      effect: 'allow',
      ports,
      policy,
    }),
  );
  // A range that everything but it is open for is denied, unless another rule opens some of it: a deny would win.
  const denied = opened
    .flatMap(({ holes, policy }) => holes.map((cidr) => ({ cidr, policy })))
    .filter(({ cidr }) => !narrow.some((range) => commonCidr(range, cidr) !== undefined))
    .filter(({ cidr }) => isClosedByAll(cidr, opened));
  const once = new Map(denied.map((item) => [item.cidr.text, item]));
  const denies = minimalCidrs(denied.map(({ cidr }) => cidr)).flatMap((cidr) => {
    const item = once.get(cidr.text);
    return item === undefined
      ? []
      : [liftedRule({ kind: 'address', cidr }, { effect: 'deny', ports: 'all', policy: item.policy })];
  });
  return { rules: [...rules, ...denies], defaultPorts: [80, 443] };
}

interface Opened {
  /** Undefined: every address of a family or of both, less `holes`, and so every name. */
  readonly cidr: Cidr | undefined;
  readonly family: 4 | 6 | undefined;
  readonly holes: readonly Cidr[];
  readonly ports: PortSet;
}

function openedBy({ peers, ports }: RuleView): Opened[] {
  const set = tcpPorts(ports);
  if (set === undefined) return [];
  if (peers === undefined) return [{ cidr: undefined, family: undefined, holes: [], ports: set }];
  return peers.flatMap((peer): Opened[] => {
    if (peer.kind !== 'block') return [];
    const { cidr, except } = peer;
    const holes = minimalCidrs(except);
    if (cidr.prefix === 0) {
      return [{ cidr: undefined, family: cidr.family, holes: holes.slice(0, MAX_HOLES), ports: set }];
    }
    const pieces = holes.length > MAX_HOLES ? [cidr] : withoutCidrs(cidr, holes);
    const kept = pieces.length > MAX_PIECES ? [cidr] : pieces;
    return kept.map((piece) => ({ cidr: piece, family: piece.family, holes: [], ports: set }));
  });
}

/** Whether every rule that opens all addresses leaves a range closed. */
function isClosedByAll(cidr: Cidr, opened: readonly Opened[]): boolean {
  return opened
    .filter(({ cidr: narrow, family }) => narrow === undefined && (family ?? cidr.family) === cidr.family)
    .every(({ holes }) => holes.some((hole) => commonCidr(hole, cidr)?.text === cidr.text));
}

/** The TCP ports of a rule; ports by name could be any. Undefined: none. */
function tcpPorts(ports: RuleView['ports']): PortSet | undefined {
  if (ports === undefined) return 'all';
  const tcp = ports.filter(({ protocol }) => protocol === 'TCP');
  if (tcp.length === 0) return undefined;
  const ranges = mergeRanges(tcp.map(({ range }): PortRange => range ?? [1, 65_535]));
  const count = ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  if (count > MAX_PORTS) return 'all';
  return ranges.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index),
  );
}

interface LiftedDetails {
  readonly effect: Rule['effect'];
  readonly ports: PortSet;
  readonly policy: PolicyView;
}

function liftedRule(pattern: Pattern, { effect, ports, policy }: LiftedDetails): Rule {
  const text = formatRule({ effect, pattern, ports });
  return {
    text,
    effect,
    pattern,
    ports,
    tls: 'any',
    source: { word: text, file: `NetworkPolicy/${policy.name}` },
  };
}
