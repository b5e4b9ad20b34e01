/** How the second source differs from the first, or from what is true of it. */
export type DiffChange =
  /** The second allows something that no rule of the first has to do with. */
  | 'added'
  /** The first allowed something that no rule of the second has to do with. */
  | 'removed'
  /** A rule of the first has become wider (names, ports or what a tunnel may carry), or a deny was taken away. */
  | 'widened'
  /** A rule of the first has become narrower, or a deny was added. */
  | 'narrowed'
  /** Allowed, and never asked for. */
  | 'unused'
  /** Asked for, and refused. */
  | 'denied'
  /** What should hold the traffic is missing, has failed, or is weaker than it claims. */
  | 'unenforced'
  /** Rules that could not be compared: to be taken as a difference. */
  | 'undecided';

/** In the order in which rows of one risk stand. */
export const DIFF_CHANGES: readonly DiffChange[] = [
  'unenforced',
  'added',
  'widened',
  'undecided',
  'denied',
  'unused',
  'narrowed',
  'removed',
];

/** What a difference may cost: `high` is a way out, `none` makes nothing reachable. */
export type Risk = 'high' | 'medium' | 'low' | 'none';

/** From the highest down. */
const RISKS: readonly Risk[] = ['high', 'medium', 'low', 'none'];

/** Where something stands, as far as that is known. */
export interface Where {
  /** For people: `allow.yaml:7 (alias python)`, `EgressFirewall/default`. */
  readonly text: string;
  readonly file?: string;
  /** Counted from 1. */
  readonly line?: number;
  /** `KIND/NAME`. */
  readonly object?: string;
  readonly alias?: string;
}

/** One difference. */
export interface DiffRow {
  readonly change: DiffChange;
  /** What kind of it, stable and kebab-case: `rule-added`, `egress-firewall-no-final-deny`. */
  readonly code: string;
  /** The rule's canonical text; `host:port` for what was seen; empty when it is about an object as a whole. */
  readonly rule: string;
  /** What it is about: `allowlist`, `proxy`, `usage`, or a kind of object. */
  readonly layer: string;
  /** The ports at which a difference was seen, sorted. */
  readonly ports: readonly number[];
  /** Whether it holds at every port that no rule names, too. */
  readonly everyOtherPort: boolean;
  readonly risk: Risk;
  /** One sentence. */
  readonly why: string;
  /** What to do, without a full stop. */
  readonly remedy?: string;
  readonly from?: Where;
  readonly to?: Where;
  /** A target on which the two differ, `host:port`. */
  readonly witness?: string;
  /** How often it was seen. */
  readonly count?: number;
  /** When it was seen last, milliseconds since 1970. */
  readonly lastMs?: number;
}

/** The higher of two risks. */
export function higherRisk(a: Risk, b: Risk): Risk {
  return RISKS.indexOf(a) <= RISKS.indexOf(b) ? a : b;
}

/** The riskiest first; rows that say the same are one. */
export function sortedRows(rows: readonly DiffRow[]): DiffRow[] {
  const keyed = new Map(rows.map((row) => [sortKey(row), row]));
  return [...keyed].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

function sortKey(row: DiffRow): string {
  const { risk, change, layer, rule, code, from, to, why } = row;
  const place = `${RISKS.indexOf(risk)}${DIFF_CHANGES.indexOf(change)}`;
  return [place, layer === 'allowlist' ? '' : layer, rule, code, from?.text, to?.text, why].join('\0');
}
