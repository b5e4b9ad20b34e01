import { type Cidr, parseCidr, type Rule } from '@paude/allowlist';
import type { Intent } from '../model/intent.ts';
import { compareCidrs, minimalCidrs } from './cidr-set.ts';
import { blockPeer, type DraftPeer, type DraftRule, portEntry } from './policy-draft.ts';
import { type PortRange, withoutRanges } from './port-ranges.ts';
import { type ActiveRules, namesOf, portGroups, portsOf, rulesOf } from './rule-ports.ts';
import { allowedPrivate, dialableBlocks } from './special-ranges.ts';

const WORLD = [parseCidr('0.0.0.0/0'), parseCidr('::/0')];

/** What rules open outside of the cluster, and which of them open nothing, and why. */
export interface WorldRules {
  readonly rules: readonly DraftRule[];
  /** Rules of an address family that the pods have no route for. */
  readonly otherFamily: readonly Rule[];
  /** Rules whose addresses are all of a special use that is not allowed. */
  readonly special: readonly Rule[];
}

/** An address rule, narrowed to it in the type. */
interface AddressRule {
  readonly rule: Rule;
  readonly cidr: Cidr;
}

/**
 * Rules about names open every public address at their ports, for a policy knows no names; rules about addresses open
 * those. Neither opens special-use addresses beyond what the intent allows.
 */
export function worldRules(
  active: ActiveRules,
  intent: Intent,
  allows: readonly Rule[] = active.allows,
): WorldRules {
  const named = allows.filter(({ pattern }) => pattern.kind !== 'address');
  const addressed = allows.flatMap((rule): AddressRule[] =>
    rule.pattern.kind === 'address' ? [{ rule, cidr: rule.pattern.cidr }] : [],
  );
  const hasRoute = (cidr: Cidr): boolean =>
    intent.families === 'dual' || cidr.family === (intent.families === 'ipv4' ? 4 : 6);
  const openPrivate = allowedPrivate(intent.allowPrivate, intent.families).filter(hasRoute);
  const ports = portsOf(named, active);
  const groups = portGroups(allows, active);
  const rules: DraftRule[] = [];
  if (ports.length > 0) {
    // What addresses open at the same ports is in it already; the comments name those rules, too.
    rules.push({
      comment: 'To the world: a policy knows no names, so the proxy decides which hosts',
      peers: WORLD.filter(hasRoute)
        .flatMap((cidr) => dialableBlocks(cidr, openPrivate))
        .map((block) =>
          blockPeer(block, openPrivate.includes(block.cidr) ? 'allowed private range' : undefined),
        ),
      ports: ports.map((range) => portEntry('TCP', range, rulesOf(range, groups))),
    });
  }
  const otherFamily = addressed.filter(({ cidr }) => !hasRoute(cidr)).map(({ rule }) => rule);
  const special: Rule[] = [];
  const byPorts = new Map<string, { ranges: PortRange[]; rules: AddressRule[] }>();
  for (const entry of addressed) {
    if (!hasRoute(entry.cidr)) continue;
    if (dialableBlocks(entry.cidr, openPrivate).length === 0) special.push(entry.rule);
    const ranges = withoutRanges(portsOf([entry.rule], active), ports);
    const key = ranges.join(' ');
    const group = byPorts.get(key) ?? { ranges, rules: [] };
    group.rules.push(entry);
    byPorts.set(key, group);
  }
  for (const { ranges, rules: group } of [...byPorts.values()].sort(byFirstRange)) {
    const peers = addressPeers(group, openPrivate);
    if (ranges.length === 0 || peers.length === 0) continue;
    rules.push({
      comment: 'To addresses that the allowlist names',
      peers,
      ports: ranges.map((range) => portEntry('TCP', range)),
    });
  }
  return { rules, otherFamily, special };
}

/** Each range once, with the rules that name it. */
function addressPeers(rules: readonly AddressRule[], openPrivate: readonly Cidr[]): DraftPeer[] {
  const minimal = new Set(minimalCidrs(rules.map(({ cidr }) => cidr)).map(({ text }) => text));
  const byCidr = new Map<string, AddressRule[]>();
  for (const entry of rules) {
    if (!minimal.has(entry.cidr.text)) continue;
    byCidr.set(entry.cidr.text, [...(byCidr.get(entry.cidr.text) ?? []), entry]);
  }
  const blocks = [...byCidr.values()].flatMap((entries) => {
    const comment = namesOf(entries.map(({ rule }) => rule));
    const [first] = entries;
    return first === undefined
      ? []
      : dialableBlocks(first.cidr, openPrivate).map((block) => ({ block, comment }));
  });
  return blocks
    .sort((a, b) => compareCidrs(a.block.cidr, b.block.cidr))
    .map(({ block, comment }) => blockPeer(block, comment));
}

function byFirstRange(
  a: { readonly ranges: readonly PortRange[] },
  b: { readonly ranges: readonly PortRange[] },
): number {
  const left = a.ranges.join(' ');
  const right = b.ranges.join(' ');
  return (a.ranges[0]?.[0] ?? 0) - (b.ranges[0]?.[0] ?? 0) || (left < right ? -1 : left > right ? 1 : 0);
}
