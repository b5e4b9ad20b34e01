import { type Allowlist, compareAllowlists, type Host, type Rule } from '@paude/allowlist';
import type { EnforcementLayer, Source } from '../diff/source.ts';

/**
 * What a layer makes of a rule: it passes all that the rule allows, cuts some of it (and holds a deny), is open to everything,
 * or that could not be told.
 */
export type RuleVerdict = 'passes' | 'cuts' | 'open' | 'unknown';

/** One layer's part in a rule. */
export interface RuleLayer {
  /** `proxy`, or a kind of object. */
  readonly layer: string;
  /** Whose traffic it holds. */
  readonly pods: 'workload' | 'proxy';
  readonly verdict: RuleVerdict;
  /** The objects that say so, `KIND/NAME`. */
  readonly objects: readonly string[];
  /** A target that the rule allows and the layer does not. */
  readonly witness?: string;
}

/**
 * What each layer of a source makes of each allow rule: the proxy's allowlist, and the objects that carry names. Denies are
 * held by the proxy, as few kinds of objects can say them. Where there is a proxy, the objects of the workload say nothing of
 * hosts, and are left out.
 */
export function ruleLayers(
  allowlist: Allowlist,
  source: Source,
  options: { readonly atMs: number },
): ReadonlyMap<Rule, readonly RuleLayer[]> {
  const found = new Map<Rule, RuleLayer[]>(allowlist.rules.map((rule) => [rule, []]));
  const add = (rule: Rule, layer: RuleLayer) => void found.get(rule)?.push(layer);
  const inForce = source.running?.allowlist ?? source.allowlist;
  if (inForce !== undefined) {
    const where = source.running?.allowlist === undefined ? source.name : source.running.where;
    for (const [rule, cut] of cuts(allowlist, inForce, options)) {
      add(rule, { layer: 'proxy', pods: 'proxy', objects: [where], ...cut });
    }
  }
  const layers = source.enforcement?.layers ?? [];
  const hasProxy = layers.some(({ pods }) => pods === 'proxy');
  for (const layer of layers) {
    if (hasProxy && layer.pods === 'workload') continue;
    const { kind, pods, objects } = layer;
    for (const [rule, cut] of layerCuts(allowlist, layer, options)) {
      add(rule, { layer: kind, pods, objects, ...cut });
    }
  }
  return found;
}

type Cut = Pick<RuleLayer, 'verdict' | 'witness'>;

function layerCuts(
  allowlist: Allowlist,
  layer: EnforcementLayer,
  options: { readonly atMs: number },
): ReadonlyMap<Rule, Cut> {
  const { lifted, kind } = layer;
  const allows = allowlist.rules.filter(({ effect }) => effect === 'allow');
  if (lifted.isFailOpen) return new Map(allows.map((rule) => [rule, { verdict: 'open' }]));
  if (kind !== 'NetworkPolicy') {
    const found = cuts(allowlist, lifted.allowlist, options);
    return new Map([...found].filter(([{ effect }]) => effect === 'allow'));
  }
  return new Map(allows.map((rule) => [rule, { verdict: byAddress(rule, allowlist, layer) }]));
}

/** Such a policy knows addresses alone; of a name that leads to some public address it says by its ports what passes. */
function byAddress(rule: Rule, { defaultPorts }: Allowlist, layer: EnforcementLayer): RuleVerdict {
  const { ports, pattern } = rule;
  const host: Host | undefined = pattern.kind === 'exact' ? pattern.name : undefined;
  const address =
    pattern.kind === 'address' ? { family: pattern.cidr.family, words: pattern.cidr.words } : undefined;
  // A rule for every port is looked at on one that nobody names.
  const numbers = ports === 'default' ? defaultPorts : ports === 'all' ? [49_151] : ports;
  const verdicts = numbers.map((port) =>
    layer.evaluate({ port, protocol: 'TCP', ...(host && { host }), ...(address && { address }) }),
  );
  if (verdicts.includes('deny')) return 'cuts';
  return verdicts.every((verdict) => verdict === 'allow') ? 'passes' : 'unknown';
}

/** Which rules another allowlist cuts; one comparison for all of them. */
function cuts(
  allowlist: Allowlist,
  other: Allowlist,
  options: { readonly atMs: number },
): ReadonlyMap<Rule, Cut> {
  const { widened, narrowed, undecided } = compareAllowlists(allowlist, other, options);
  const cut = new Map<Rule, string>();
  for (const { rule, witness } of narrowed) if (!cut.has(rule)) cut.set(rule, witness);
  const unknown = new Set(undecided.map(({ rule }) => rule));
  // A deny of ours that alone makes the difference is one that the other does not hold.
  const notHeld = new Map(
    widened.flatMap(({ denial, witness }) => (denial === undefined ? [] : [[denial, witness]])),
  );
  return new Map(
    allowlist.rules.map((rule): [Rule, Cut] => {
      if (unknown.has(rule)) return [rule, { verdict: 'unknown' }];
      const witness = (rule.effect === 'allow' ? cut : notHeld).get(rule);
      if (rule.effect === 'deny') {
        return [rule, witness === undefined ? { verdict: 'cuts' } : { verdict: 'passes', witness }];
      }
      return [rule, witness === undefined ? { verdict: 'passes' } : { verdict: 'cuts', witness }];
    }),
  );
}
