import {
  type Allowlist,
  compile,
  formatRule,
  type Host,
  hasPort,
  hostKind,
  type Policy,
  parseWords,
  type Rule,
  tryParseHost,
} from '@paude/allowlist';
import { unusedRules } from '../usage/unused-rules.ts';
import type { SeenTarget, Usage } from '../usage/usage.ts';
import type { DiffRow, Risk } from './row.ts';
import { ruleRisks } from './rule-risk.ts';
import { whereOf } from './where.ts';

/** A log, and the allowlist that it is held against. */
export interface UsageDiff {
  /** What the log is called. */
  readonly logName: string;
  readonly usage: Usage;
  readonly allowlistName: string;
  readonly allowlist: Allowlist;
  /** Whether the log is the second source. */
  readonly isLogSecond: boolean;
  readonly atMs: number;
  /** Which rows are wanted. */
  readonly parts: readonly ('passed' | 'denied' | 'unused')[];
}

/** Refusals that say something of the target (`blocked` where a log gives no reasons); the others do not. */
const REFUSALS: ReadonlySet<string> = new Set([
  'blocked',
  'not-listed',
  'empty-allowlist',
  'denied-by-rule',
  'port-not-allowed',
  'rule-expired',
  'address-not-listed',
  'policy-changed',
  'address-not-allowed',
  'own-address',
  'sni-missing',
  'sni-mismatch',
  'ech',
  'not-tls',
]);

/** Refusals of a target that was looked for on purpose: what is inside of the network, or hidden behind another name. */
const PROBING: ReadonlySet<string> = new Set(['address-not-allowed', 'own-address', 'sni-mismatch', 'ech']);

/**
 * The rows for a log and an allowlist: `unused` for each allow rule that no request needed, `denied` for each target that
 * was refused, and `removed` (the log first) or `added` (the log second) for what was let pass, and the allowlist denies.
 */
export function diffUsage(diff: UsageDiff): DiffRow[] {
  const { usage, allowlist, atMs } = diff;
  const policy = compile(allowlist, { atMs });
  const seen = usage.targets.flatMap((target) => {
    const host = tryParseHost(target.host);
    return typeof host === 'string' && target.port > 0
      ? [{ host, target, rule: wordOf(host, target.port) }]
      : [];
  });
  const risks = ruleRisks(
    seen.map(({ rule }) => rule),
    { rules: [], defaultPorts: allowlist.defaultPorts },
    { atMs },
  );
  const riskOf = (one: Seen) => risks.get(one.rule)?.risk ?? 'low';
  const rows = {
    passed: () => seen.flatMap((one) => passedRow(diff, one, policy, riskOf(one))),
    denied: () => seen.flatMap((one) => deniedRow(diff, one, policy, riskOf(one))),
    unused: () => unusedRows(diff),
  };
  return diff.parts.flatMap((part) => rows[part]());
}

/** What a log shows as let pass, as an allowlist of its own. */
export function allowlistOfUsage({ targets }: Usage): Allowlist {
  const rules = targets.flatMap(({ host, port, allowed, wouldDeny }) => {
    const parsed = tryParseHost(host);
    return allowed + wouldDeny > 0 && typeof parsed === 'string' && port > 0 ? [wordOf(parsed, port)] : [];
  });
  return { ...parseWords([]), rules };
}

interface Seen {
  readonly host: Host;
  readonly target: SeenTarget;
  /** The rule for this target alone. */
  readonly rule: Rule;
}

function wordOf(host: Host, port: number): Rule {
  const name = hostKind(host) === 'ipv6' ? `[${host}]` : host.includes('.') ? host : `${host}.`;
  const [rule] = parseWords([`${name}:${port}`]).rules;
  if (rule === undefined) throw new RangeError(`no rule for ${host}`);
  return rule;
}

function passedRow(diff: UsageDiff, { host, target, rule }: Seen, policy: Policy, risk: Risk): DiffRow[] {
  const decision = policy.decide(host, target.port);
  const passed = target.allowed + target.wouldDeny;
  if (passed === 0 || decision.result === 'allow') return [];
  const { isLogSecond, allowlistName } = diff;
  const reportOnly = target.wouldDeny > 0 ? `, ${times(target.wouldDeny)} by report-only mode` : '';
  return [
    {
      ...seenRow(diff, { host, target, rule }, passed),
      change: isLogSecond ? 'added' : 'removed',
      code: 'used-not-allowed',
      risk: isLogSecond ? risk : 'none',
      why: `It was let pass ${times(passed)}${reportOnly}, and ${allowlistName} denies it (${decision.reason}).`,
    },
  ];
}

function deniedRow(diff: UsageDiff, { host, target, rule }: Seen, policy: Policy, risk: Risk): DiffRow[] {
  const refusals = target.outcomes.filter(
    ({ decision, reason }) => decision === 'deny' && REFUSALS.has(reason),
  );
  const count = refusals.reduce((sum, outcome) => sum + outcome.count, 0);
  if (count === 0) return [];
  const reasons = [...new Set(refusals.map(({ reason }) => reason))].sort();
  const isAllowed = policy.decide(host, target.port).result === 'allow';
  const isProbing = reasons.some((reason) => PROBING.has(reason));
  return [
    {
      ...seenRow(diff, { host, target, rule }, count),
      change: 'denied',
      code: isAllowed ? 'denied-though-allowed' : 'denied',
      // It did not get out; that it was tried is what to look at.
      risk: isProbing || risk === 'high' ? 'medium' : 'low',
      why: `It was refused ${times(count)} (${reasons.join(', ')})${isAllowed ? `, though ${diff.allowlistName} allows it` : ''}.`,
    },
  ];
}

function seenRow({ logName, isLogSecond }: UsageDiff, { host, target, rule }: Seen, count: number) {
  const where = { text: logName, file: logName };
  const shown = hostKind(host) === 'ipv6' ? `[${host}]` : host;
  return {
    rule: formatRule(rule),
    layer: 'usage',
    ports: [target.port],
    everyOtherPort: false,
    witness: `${shown}:${target.port}`,
    count,
    lastMs: target.lastMs,
    ...(isLogSecond ? { to: where } : { from: where }),
  };
}

function unusedRows({ usage, allowlist, logName, allowlistName, isLogSecond, atMs }: UsageDiff): DiffRow[] {
  const live = allowlist.rules.filter(({ expiresAtMs }) => (expiresAtMs ?? Infinity) > atMs);
  // Whoever asked needed it, whatever came of that.
  const asked = usage.targets.map((target) => ({ ...target, allowed: target.allowed + target.denied }));
  const unused = unusedRules({ ...allowlist, rules: live }, { ...usage, targets: asked });
  // What could not be counted may have needed it.
  const uncounted = usage.overflow + usage.unreadable;
  const but =
    uncounted === 0
      ? ''
      : `, as far as that could be counted (${uncounted.toLocaleString('en')} lines could not)`;
  const risks = ruleRisks(unused, allowlist, { atMs });
  return unused.map((rule) => {
    const { risk, why } = risks.get(rule) ?? { risk: 'low', why: undefined };
    const where = whereOf(rule);
    return {
      change: 'unused',
      code: 'rule-unused',
      rule: rule.text,
      layer: 'usage',
      ports: typeof rule.ports === 'string' ? [] : rule.ports,
      everyOtherPort: hasPort(rule.ports, 65_535, allowlist.defaultPorts),
      risk,
      why: `${allowlistName} allows it, and no request in ${logName} needed it${but}${why === undefined ? '' : `; ${why}`}.`,
      ...(isLogSecond ? { from: where } : { to: where }),
    };
  });
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count.toLocaleString('en')} times`;
}
