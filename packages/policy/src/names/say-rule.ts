import type { Pattern, Rule } from '@paude/allowlist';
import type { Intent } from '../model/intent.ts';
import type { Remarks } from './diagnose.ts';
import type { Dialect } from './dialect.ts';
import { type Shortfall, sayCovering, sayWithin } from './say.ts';

/** Why an allow is said in part, more widely or not at all: one clause that follows "it". */
const WHY: Readonly<Record<Shortfall, string>> = {
  'name-unsayable': 'holds a name that this kind does not take',
  'wildcard-unsupported': 'needs a wildcard, and there is none here',
  'wildcard-depth': 'reaches names at any depth, and a wildcard here is one label',
  'wildcard-wider': 'is for one label, and a wildcard here reaches names at any depth',
  'glob-unsayable': 'holds a wildcard within a label that this kind does not know',
  'expression-unsayable': 'is a regular expression',
  'address-unsayable': 'names addresses, and this kind holds names alone',
  'all-unsayable': 'allows everything, which this kind cannot say',
};

/**
 * The patterns that stand for an allow rule. What cannot be said is left out, or covered by more if the intent wants that
 * and there is something that covers it; either is remarked.
 */
export function sayRule(
  rule: Rule,
  { inexpressible }: Pick<Intent, 'inexpressible'>,
  dialect: Dialect,
  remarks: Remarks,
): readonly Pattern[] {
  const said = sayWithin(rule.pattern, dialect);
  const { shortfall } = said;
  if (shortfall === undefined) return said.patterns;
  const covering = inexpressible === 'widen' ? sayCovering(rule.pattern, dialect) : undefined;
  if (covering !== undefined) {
    remarks.add({
      what: shortfall,
      effect: 'widened',
      rule,
      message: `it ${WHY[shortfall]}, so more passes than it allows`,
      remedy: 'Name the hosts one by one to be exact, or leave what cannot be said to the proxy',
    });
    return covering;
  }
  const isPart = said.patterns.length > 0;
  remarks.add({
    what: shortfall,
    effect: isPart ? 'narrowed' : 'inexpressible',
    rule,
    message: `it ${WHY[shortfall]}, so ${isPart ? 'only a part of it is allowed' : 'it is left out'}`,
    remedy: 'Name the hosts that are needed one by one',
  });
  return said.patterns;
}
