import { compile } from './compile.ts';
import type { Finding, LintOptions } from './finding.ts';
import { CoverageLint } from './lint-coverage.ts';
import { lintIdleDenies } from './lint-idle.ts';
import { lintWidth } from './lint-width.ts';
import { lintWritable } from './lint-writable.ts';
import type { Allowlist, Rule } from './rule.ts';
import { RuleIndex } from './rule-index.ts';

/**
 * Finds what the author of an allowlist should know: what opens more than it seems to, and what has no effect. In the
 * order of the rules.
 */
export function lint(allowlist: Allowlist, options: LintOptions = {}): Finding[] {
  const { atMs = 0 } = options;
  const isExpired = ({ expiresAtMs }: Rule) => expiresAtMs !== undefined && expiresAtMs <= atMs;
  const index = new RuleIndex(allowlist.rules, atMs);
  for (let id = 0; id < allowlist.rules.length; id++) index.add(id);
  const valid = allowlist.rules.filter((rule) => !isExpired(rule));
  const places = new Map(allowlist.rules.map((rule, place) => [rule, place]));
  return [
    ...allowlist.rules.filter(isExpired).map(expired),
    ...valid.flatMap(lintWidth),
    ...lintWritable(index, compile(allowlist, { atMs })),
    ...new CoverageLint(allowlist, index, isExpired).run(),
    ...lintIdleDenies(valid, index),
  ].sort((a, b) => (places.get(a.rule) ?? 0) - (places.get(b.rule) ?? 0));
}

function expired(rule: Rule): Finding {
  return {
    code: 'expired-rule',
    severity: 'warning',
    rule,
    message: `${rule.text} expired on ${new Date(rule.expiresAtMs ?? 0).toISOString()} and no longer counts`,
    remedy: 'Remove it, or give it a new date',
  };
}
