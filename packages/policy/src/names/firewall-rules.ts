import { formatPattern } from '@paude/allowlist';
import type { Intent } from '../model/intent.ts';
import { EVERYWHERE, familiesOf, refusedRanges } from './cidrs.ts';
import { type Entry, entryComment } from './entry.ts';
import type { Plan } from './plan.ts';
import { dnsModeOf, NODE_LOCAL_DNS } from './resolver.ts';
import { subjectOf } from './subject.ts';

/** A rule as it stands in `spec.egress`. */
interface FirewallRule {
  readonly type: 'Allow' | 'Deny';
  readonly ports?: readonly { readonly protocol: 'TCP' | 'UDP'; readonly port: number }[];
  readonly to: { readonly cidrSelector: string } | { readonly dnsName: string };
}

/** A rule, and the comment above it. */
export interface CommentedRule {
  readonly rule: FirewallRule;
  readonly comment?: string;
}

/** What the kind of the rules knows. */
export interface FirewallOptions {
  /** Whether its rules have ports. */
  readonly ports: boolean;
}

/**
 * The rules of an EgressFirewall, or of an EgressNetworkPolicy without their ports. The first that matches holds, and
 * without a match everything passes: special-use ranges are denied first, then what the allowlist denies, then come the
 * allowed names, and at the end everything is denied, for each family of addresses.
 */
export function firewallRules(
  plan: Plan,
  intent: Intent,
  options: FirewallOptions,
): readonly CommentedRule[] {
  const rules: CommentedRule[] = [];
  if (dnsModeOf(intent, subjectOf(intent)) === 'node-local') {
    const ports = (['TCP', 'UDP'] as const).map((protocol) => ({ protocol, port: 53 }));
    rules.push({
      rule: { type: 'Allow', ...(options.ports ? { ports } : {}), to: { cidrSelector: NODE_LOCAL_DNS } },
      comment: 'NodeLocal DNSCache',
    });
  }
  for (const [index, { text }] of refusedRanges(intent).entries()) {
    const rule = { type: 'Deny', to: { cidrSelector: text } } as const;
    rules.push(index === 0 ? { rule, comment: 'special use: no name may lead to these ranges' } : { rule });
  }
  for (const entry of plan.denies) rules.push(...entryRules('Deny', entry, intent, options));
  for (const entry of plan.allows) rules.push(...entryRules('Allow', entry, intent, options));
  for (const family of familiesOf(intent)) {
    rules.push({
      rule: { type: 'Deny', to: { cidrSelector: EVERYWHERE[family].text } },
      comment: 'everything else: without this rule it would pass',
    });
  }
  return rules;
}

function entryRules(
  type: FirewallRule['type'],
  { pattern, ports, rules }: Entry,
  intent: Intent,
  options: FirewallOptions,
): CommentedRule[] {
  const destinations: FirewallRule['to'][] =
    pattern.kind === 'any'
      ? familiesOf(intent).map((family) => ({ cidrSelector: EVERYWHERE[family].text }))
      : [
          pattern.kind === 'address'
            ? { cidrSelector: pattern.cidr.text }
            : { dnsName: formatName(formatPattern(pattern)) },
        ];
  return destinations.map((to) => ({
    rule:
      ports === 'all' || !options.ports
        ? { type, to }
        : { type, ports: ports.map((port) => ({ protocol: 'TCP', port })), to },
    comment: entryComment(rules),
  }));
}

/** Comments by the pointer of their rule. */
export function firewallComments(rules: readonly CommentedRule[]): ReadonlyMap<string, string> {
  return new Map(
    rules.flatMap(({ comment }, index) =>
      comment === undefined ? [] : [[`/spec/egress/${index}`, comment]],
    ),
  );
}

/** Our spelling keeps the dot behind a host of one label, and the field takes it. */
function formatName(text: string): string {
  return text.endsWith('.') ? text.slice(0, -1) : text;
}
