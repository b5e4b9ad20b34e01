import { expressionMatcher } from './expression.ts';
import { globMatcher } from './glob.ts';
import type { ExpressionPattern, GlobPattern, NameMatcher } from './pattern.ts';

/** The compiled form of a glob or an expression. */
export function nameMatcher(pattern: GlobPattern | ExpressionPattern): NameMatcher {
  return pattern.kind === 'glob' ? globMatcher(pattern) : expressionMatcher(pattern);
}
