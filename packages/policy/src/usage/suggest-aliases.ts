import {
  aliasNames,
  compile,
  findAlias,
  type Host,
  type Policy,
  parseWords,
  STANDARD_PORTS,
} from '@paude/allowlist';
import type { Need } from './needs.ts';

/** An alias that is worth using, and the needs that it covers. */
export interface AliasChoice {
  readonly alias: string;
  readonly needs: readonly Need[];
  /** How many of its patterns are needed, and how many it has. */
  readonly used: number;
  readonly patterns: number;
}

/** Too wide to be suggested for a few hosts of it. */
const NEVER: ReadonlySet<string> = new Set(['default', 'googleapis']);

/** So many patterns of an alias in use are enough, however many it has. */
const ENOUGH_PATTERNS = 4;

interface Candidate {
  readonly alias: string;
  readonly policy: Policy;
}

/**
 * Chooses aliases, those first that cover most: at least two patterns of one must be needed, and half of all it has or four.
 * One that denies something that is needed is not chosen.
 */
export function chooseAliases(needs: readonly Need[]): { chosen: AliasChoice[]; rest: Need[] } {
  const candidates = aliasNames()
    .filter((alias) => !NEVER.has(alias))
    .map((alias): Candidate => ({ alias, policy: compile(parseWords([alias])) }))
    .filter(({ policy }) => !needs.some((need) => isDenied(policy, need)));
  const chosen: AliasChoice[] = [];
  let rest = [...needs];
  for (;;) {
    const choices = candidates.map((candidate) => choiceOf(candidate, rest)).filter(isWorthwhile);
    const [best] = choices.toSorted((a, b) => b.needs.length - a.needs.length || a.patterns - b.patterns);
    if (best === undefined) return { chosen: withDefault(chosen), rest };
    chosen.push(best);
    const covered = new Set(best.needs);
    rest = rest.filter((need) => !covered.has(need));
  }
}

function choiceOf({ alias, policy }: Candidate, needs: readonly Need[]): AliasChoice {
  const used = new Set<string>();
  const covered = needs.filter((need) => {
    const decisions = [...need.ports].map((port) => policy.decide(need.host, port));
    if (!decisions.every(({ result }) => result === 'allow')) return false;
    for (const { rule } of decisions) if (rule !== undefined) used.add(rule.text);
    return true;
  });
  const patterns = policy.allowlist.rules.filter(({ effect }) => effect === 'allow').length;
  return { alias, needs: covered, used: used.size, patterns };
}

function isWorthwhile({ used, patterns }: AliasChoice): boolean {
  return used >= 2 && (used >= ENOUGH_PATTERNS || used * 2 >= patterns);
}

function isDenied(
  policy: Policy,
  { host, ports }: { readonly host: Host; readonly ports: ReadonlySet<number> },
): boolean {
  return [...ports, ...STANDARD_PORTS].some((port) => policy.decide(host, port).reason === 'denied-by-rule');
}

/** All of the aliases that `default` stands for are `default`. */
function withDefault(chosen: readonly AliasChoice[]): AliasChoice[] {
  const names = findAlias('default').includes ?? [];
  const parts = names.flatMap((name) => chosen.find(({ alias }) => alias === name) ?? []);
  if (parts.length < names.length) return [...chosen];
  const whole: AliasChoice = {
    alias: 'default',
    needs: parts.flatMap(({ needs }) => needs),
    used: parts.reduce((sum, { used }) => sum + used, 0),
    patterns: parts.reduce((sum, { patterns }) => sum + patterns, 0),
  };
  return [whole, ...chosen.filter((choice) => !parts.includes(choice))];
}
