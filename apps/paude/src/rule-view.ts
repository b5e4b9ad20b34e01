import { type Allowlist, formatPorts, type Rule } from '@paude/allowlist';

/** A rule as a script reads it. */
export interface RuleView {
  readonly rule: string;
  readonly effect: 'allow' | 'deny';
  /** `all`, or the ports. */
  readonly ports: 'all' | readonly number[];
  readonly tls: 'sni' | 'any';
  readonly alias?: string | undefined;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly reason?: string | undefined;
  readonly expires?: string | undefined;
}

/** A rule for `--output json`: everything spelt out, nothing that depends on defaults. */
export function viewRule(rule: Rule, { defaultPorts }: Pick<Allowlist, 'defaultPorts'>): RuleView {
  const { text, effect, ports, tls, reason, expiresAtMs, source } = rule;
  return {
    rule: text,
    effect,
    ports: ports === 'default' ? defaultPorts : ports,
    tls,
    alias: source.alias,
    file: source.file,
    line: source.line,
    reason,
    expires: expiresAtMs === undefined ? undefined : new Date(expiresAtMs).toISOString(),
  };
}

/** Where a rule comes from, in a few words: `python`, `allowlist.yaml:12`, or nothing for a word that was given. */
export function originOf({ source }: Rule): string {
  const place =
    source.file === undefined ? '' : `${source.file}${source.line === undefined ? '' : `:${source.line}`}`;
  return [source.alias ?? '', place].filter((part) => part !== '').join(' ');
}

/** The ports of a rule in a few words: `80, 443`, `8443`, `every port`. */
export function portsOf(rule: Rule, { defaultPorts }: Pick<Allowlist, 'defaultPorts'>): string {
  if (rule.ports === 'all') return 'every port';
  return rule.ports === 'default'
    ? defaultPorts.join(', ')
    : formatPorts(rule.ports).replace(/^:/, '').replace(/[{}]/g, '').replaceAll(',', ', ');
}
