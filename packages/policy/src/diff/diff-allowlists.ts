import {
  type Allowlist,
  compareAllowlists,
  type Difference,
  type Rule,
  type Undecided,
} from '@paude/allowlist';
import { OverlapIndex } from './overlap-index.ts';
import { type DiffChange, type DiffRow, higherRisk } from './row.ts';
import { type RuleRisk, ruleRisks } from './rule-risk.ts';
import { whereOf } from './where.ts';

/** An allowlist and what to call it. */
export interface NamedAllowlist {
  readonly name: string;
  readonly allowlist: Allowlist;
}

/** What the rows are for. */
export interface AllowlistDiffOptions {
  /** Milliseconds since 1970; rules that have expired by then do not count. */
  readonly atMs: number;
  /** What the rows are about: `allowlist`, or the kind of the objects that say it. */
  readonly layer: string;
}

/**
 * The rows for two allowlists, compared by what they decide, whatever rules they say it with:
 *
 * - `added`: a rule of the second allows what the first does not, and no allow rule of the first has a name or an address
 *   in common with it. `removed` is the same the other way round.
 * - `widened`: a rule of the second allows what the first does not, and a rule of the first has something in common with
 *   it: the names, the ports, or what a tunnel may carry have become more. Or a deny was taken away: then the row is the
 *   deny's, as without it the first would allow it as well. `narrowed` is the same the other way round.
 * - `undecided`: globs or expressions whose effect could not be told apart.
 *
 * A rule has one row, whatever it changes, and each deny that was added or taken away one of its own. A rule that others
 * say already has none.
 */
export function diffAllowlists(
  from: NamedAllowlist,
  to: NamedAllowlist,
  options: AllowlistDiffOptions,
): DiffRow[] {
  const { widened, narrowed, undecided } = compareAllowlists(from.allowlist, to.allowlist, options);
  return [
    ...oneWay({ wide: to, narrow: from, isWidening: true }, widened, options),
    ...oneWay({ wide: from, narrow: to, isWidening: false }, narrowed, options),
    ...undecided.map((one) => undecidedRow(one, from.allowlist.rules, options)),
  ];
}

interface Direction {
  /** The side that allows more, and the other. */
  readonly wide: NamedAllowlist;
  readonly narrow: NamedAllowlist;
  /** Whether the wide side is the second. */
  readonly isWidening: boolean;
}

function oneWay(
  direction: Direction,
  differences: readonly Difference[],
  options: AllowlistDiffOptions,
): DiffRow[] {
  if (differences.length === 0) return [];
  const { wide, narrow } = direction;
  const overlaps = new OverlapIndex(
    narrow.allowlist.rules.filter(
      ({ effect, expiresAtMs }) => effect === 'allow' && (expiresAtMs ?? Infinity) > options.atMs,
    ),
  );
  const ofDenials = merged(
    differences.filter(({ denial }) => denial !== undefined),
    ({ denial }) => denial,
  );
  const ofRules = merged(
    differences.filter(({ denial }) => denial === undefined),
    ({ rule }) => rule,
  );
  const asAllows = new Map([...ofDenials.keys()].map((deny) => [deny, asAllow(deny)]));
  // Only what becomes reachable is a risk.
  const risks = direction.isWidening
    ? ruleRisks([...ofRules.keys(), ...asAllows.values()], wide.allowlist, options)
    : new Map<Rule, RuleRisk>();
  return [
    ...[...ofRules].map(([rule, found]) =>
      ruleRow(
        { direction, rule, found, related: overlaps.find(rule.pattern), layer: options.layer },
        risks.get(rule),
      ),
    ),
    ...[...ofDenials].map(([denial, found]) => {
      const allow = asAllows.get(denial);
      return denialRow({ direction, rule: denial, found, layer: options.layer }, allow && risks.get(allow));
    }),
  ];
}

/** What is known of one rule: its differences, with all of their ports. */
interface Found {
  readonly first: Difference;
  readonly ports: readonly number[];
  readonly everyOtherPort: boolean;
  readonly isTlsAlone: boolean;
}

function merged(
  differences: readonly Difference[],
  keyOf: (difference: Difference) => Rule | undefined,
): Map<Rule, Found> {
  const groups = new Map<Rule, Difference[]>();
  for (const difference of differences) {
    const key = keyOf(difference);
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [difference]);
    else group.push(difference);
  }
  return new Map([...groups].map(([key, group]) => [key, foundOf(group)]));
}

function foundOf(group: readonly Difference[]): Found {
  const reach = group.filter(({ change }) => change === 'reach');
  const [first] = reach.length > 0 ? reach : group;
  if (first === undefined) throw new RangeError('no difference');
  return {
    first,
    ports: [...new Set(group.flatMap(({ ports }) => ports))].sort((a, b) => a - b),
    everyOtherPort: group.some(({ everyOtherPort }) => everyOtherPort),
    isTlsAlone: reach.length === 0,
  };
}

interface RowParts {
  readonly direction: Direction;
  readonly rule: Rule;
  readonly found: Found;
  readonly related?: Rule | undefined;
  readonly layer: string;
}

function ruleRow(parts: RowParts, opens: RuleRisk | undefined): DiffRow {
  const { direction, rule, found, related } = parts;
  const { isWidening, wide, narrow } = direction;
  const { first, isTlsAlone } = found;
  const other = isWidening ? first.before : first.after;
  // The rule that decides on the other side says more than one that merely has something in common.
  const akin = other.rule?.effect === 'allow' && other.reason !== 'rule-expired' ? other.rule : related;
  const verb = isWidening ? 'now' : 'no longer';
  let what: string;
  let code: string;
  let change: DiffChange;
  if (isTlsAlone) {
    [change, code] = isWidening ? ['widened', 'tls-loosened'] : ['narrowed', 'tls-tightened'];
    what = `tunnels of ${rule.text} may ${verb} carry anything, not only TLS that names the host`;
  } else if (akin === undefined) {
    [change, code] = isWidening ? ['added', 'rule-added'] : ['removed', 'rule-removed'];
    const expired = other.reason === 'rule-expired' ? `its rule in ${narrow.name} has expired` : undefined;
    what = `${first.witness} is ${verb} allowed: ${expired ?? `no rule of ${narrow.name} has anything in common with ${rule.text}`}`;
  } else {
    const isPorts = other.reason === 'port-not-allowed';
    const kind = isPorts ? 'port' : 'rule';
    [change, code] = isWidening
      ? ['widened', isPorts ? 'port-added' : 'rule-widened']
      : ['narrowed', isPorts ? 'port-removed' : 'rule-narrowed'];
    const said = akin.text === rule.text ? 'does not' : `has ${akin.text}`;
    what = `${first.witness} is ${verb} allowed${kind === 'port' ? ' at that port' : ''}: ${wide.name} has ${rule.text}, ${narrow.name} ${said}`;
  }
  const risk = opens?.risk ?? 'none';
  return {
    ...rowOf(parts, { change, code, what: opens?.why === undefined ? what : `${what}; ${opens.why}` }),
    risk: isTlsAlone && isWidening ? higherRisk(risk, 'medium') : risk,
    ...places(isWidening, whereOf(rule), akin && whereOf(akin)),
  };
}

function denialRow(parts: RowParts, opens: RuleRisk | undefined): DiffRow {
  const { direction, rule, found } = parts;
  const { isWidening } = direction;
  const { first } = found;
  const what = isWidening
    ? `${rule.text} no longer denies ${first.witness}, which ${first.rule.text} allows`
    : `${rule.text} now denies ${first.witness}, which ${first.rule.text} allowed`;
  const [change, code]: [DiffChange, string] = isWidening
    ? ['widened', 'deny-removed']
    : ['narrowed', 'deny-added'];
  return {
    ...rowOf(parts, { change, code, what: opens?.why === undefined ? what : `${what}; ${opens.why}` }),
    // What was denied on purpose is never a small thing to open.
    risk: isWidening ? higherRisk(opens?.risk ?? 'medium', 'medium') : 'none',
    ...places(isWidening, whereOf(first.rule), whereOf(rule)),
  };
}

function rowOf(
  { rule, found, layer }: RowParts,
  { change, code, what }: { readonly change: DiffChange; readonly code: string; readonly what: string },
) {
  const { ports, everyOtherPort, first } = found;
  return {
    change,
    code,
    rule: rule.text,
    layer,
    ports,
    everyOtherPort,
    why: `${what}.`,
    witness: first.witness,
  };
}

/** Where it stands on the side that allows it, and what stands for it on the other. */
function places(
  isWidening: boolean,
  wide: DiffRow['to'],
  narrow: DiffRow['to'],
): Pick<DiffRow, 'from' | 'to'> {
  const [from, to] = isWidening ? [narrow, wide] : [wide, narrow];
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

function undecidedRow(
  { rule, why }: Undecided,
  fromRules: readonly Rule[],
  { layer }: AllowlistDiffOptions,
): DiffRow {
  const isFrom = fromRules.includes(rule);
  return {
    change: 'undecided',
    code: 'rule-undecided',
    rule: rule.text,
    layer,
    ports: [],
    everyOtherPort: false,
    risk: 'medium',
    why: `Whether ${rule.text} changes what is allowed could not be told: ${why}.`,
    ...(isFrom ? { from: whereOf(rule) } : { to: whereOf(rule) }),
  };
}

/** What a deny kept shut, as a rule, so that its risk can be told. */
function asAllow(deny: Rule): Rule {
  const { effect: _, ...rest } = deny;
  return { ...rest, effect: 'allow', text: deny.text.slice(1), ports: 'default', tls: 'sni' };
}
