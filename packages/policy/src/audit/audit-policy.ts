import type { Allowlist, Rule } from '@paude/allowlist';
import { PaudeError } from '@paude/errors';
import { type DiffSummary, diffSources, type SourceName, summarize } from '../diff/diff-sources.ts';
import { diffUsage } from '../diff/diff-usage.ts';
import { type DiffRow, type Risk, sortedRows, type Where } from '../diff/row.ts';
import { ruleRisks } from '../diff/rule-risk.ts';
import type { Source } from '../diff/source.ts';
import { whereOf } from '../diff/where.ts';
import type { Usage } from '../usage/usage.ts';
import { type RuleLayer, ruleLayers } from './rule-layers.ts';
import { type RuleUse, ruleUses } from './rule-uses.ts';

/** What is held against each other. */
export interface AuditSources {
  /** What is meant to be allowed. */
  readonly allowed: Source;
  /** What enforces it: a namespace, a session, or manifests. */
  readonly enforced: Source;
  /** What was asked for. @default the log of `enforced`, if it has one */
  readonly used?: Source | undefined;
}

/** What is allowed, what is enforced and what is used, in one view. */
export interface AuditReport {
  readonly allowed: SourceName;
  readonly enforced: SourceName;
  readonly used?: SourceName;
  /** In the order of the allowlist. */
  readonly rules: readonly AuditedRule[];
  /** Where the three differ, the riskiest first. */
  readonly findings: readonly DiffRow[];
  readonly summary: DiffSummary;
  /** Whether there are no findings. */
  readonly same: boolean;
}

/** One rule, as the three see it. */
export interface AuditedRule {
  /** The rule's canonical text. */
  readonly rule: string;
  readonly effect: Rule['effect'];
  readonly where: Where;
  /** What it opens; `none` for a deny. */
  readonly risk: Risk;
  /** What each layer makes of it, the proxy first. */
  readonly layers: readonly RuleLayer[];
  /** Undefined when no log was read. */
  readonly use?: RuleUse;
}

/**
 * The three-way view: for each rule of what is allowed, which layers let it pass, and how often it was used.
 *
 * @throws PaudeError `policy-incomparable` when `allowed` has no allowlist, or `enforced` nothing to hold against it.
 */
export function auditPolicy(sources: AuditSources, options: { readonly atMs: number }): AuditReport {
  const { allowed, enforced } = sources;
  const allowlist = allowed.allowlist ?? allowed.running?.allowlist;
  if (allowlist === undefined) {
    throw new PaudeError('policy-incomparable', {
      action: 'audit against',
      input: allowed.name,
      why: 'it does not say what is allowed',
      remedy: 'Name words, file:, squid:, proxy: or a namespace with a proxy',
    });
  }
  const used = sources.used ?? (enforced.usage === undefined ? undefined : enforced);
  const findings = sortedRows([
    ...diffSources({ ...allowed, usage: undefined }, { ...enforced, usage: undefined }, options).rows,
    ...(used?.usage === undefined ? [] : useRows({ allowed, allowlist, used, usage: used.usage }, options)),
  ]);
  const risks = ruleRisks(allowlist.rules, allowlist, options);
  const layers = ruleLayers(allowlist, enforced, options);
  const uses = used?.usage === undefined ? undefined : ruleUses(allowlist, used.usage, options);
  return {
    allowed: { name: allowed.name, kind: allowed.kind },
    enforced: { name: enforced.name, kind: enforced.kind },
    ...(used === undefined ? {} : { used: { name: used.name, kind: used.kind } }),
    rules: allowlist.rules.map((rule) => {
      const use = uses?.get(rule);
      return {
        rule: rule.text,
        effect: rule.effect,
        where: whereOf(rule),
        risk: risks.get(rule)?.risk ?? 'none',
        layers: layers.get(rule) ?? [],
        ...(use === undefined ? {} : { use }),
      };
    }),
    findings,
    summary: summarize(findings),
    same: findings.length === 0,
  };
}

interface UseParts {
  readonly allowed: Source;
  readonly allowlist: Allowlist;
  readonly used: Source;
  readonly usage: Usage;
}

function useRows(
  { allowed, allowlist, used, usage }: UseParts,
  { atMs }: { readonly atMs: number },
): DiffRow[] {
  return diffUsage({
    logName: used.name,
    usage,
    allowlistName: allowed.name,
    allowlist,
    isLogSecond: true,
    atMs,
    parts: ['passed', 'denied', 'unused'],
  });
}
