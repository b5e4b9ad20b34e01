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
  const { isExpired, index, valid } = prepare(allowlist, options);
  return inOrder(allowlist, [
    ...allowlist.rules.filter(isExpired).map(expired),
    ...lintReach(allowlist, options),
    ...new CoverageLint(allowlist, index, isExpired).run(),
    ...lintIdleDenies(valid, index),
  ]);
}

/** The findings of `lint()` that say what a rule opens: those that make a rule a risk. In the order of the rules. */
export function lintReach(allowlist: Allowlist, options: LintOptions = {}): Finding[] {
  const { index, valid } = prepare(allowlist, options);
  const policy = compile(allowlist, { atMs: options.atMs ?? 0 });
  return inOrder(allowlist, [...valid.flatMap(lintWidth), ...lintWritable(index, policy)]);
}

function prepare(allowlist: Allowlist, { atMs = 0 }: LintOptions) {
  const isExpired = ({ expiresAtMs }: Rule) => expiresAtMs !== undefined && expiresAtMs <= atMs;
  const index = new RuleIndex(allowlist.rules, atMs);
  for (let id = 0; id < allowlist.rules.length; id++) index.add(id);
  return { isExpired, index, valid: allowlist.rules.filter((rule) => !isExpired(rule)) };
}

function inOrder({ rules }: Allowlist, findings: Finding[]): Finding[] {
  const places = new Map(rules.map((rule, place) => [rule, place]));
  return findings.sort((a, b) => (places.get(a.rule) ?? 0) - (places.get(b.rule) ?? 0));
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
