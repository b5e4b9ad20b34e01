import { type Allowlist, formatRule, type Rule } from '@paude/allowlist';
import { yamlDocument } from '../render/render-yaml.ts';

/** A word may have 2,000 characters; ports beyond this stand beside it. */
const MAX_WORD_CHARACTERS = 1000;

/** How an allowlist file is written. */
export interface AllowlistFileOptions {
  /** Whether rules keep the reason for which they are there. @default true */
  readonly reasons?: boolean | undefined;
}

/**
 * The text of an allowlist file (`{ version: 1, rules: [...] }`) that `parseAllowlistFile` reads the same rules from.
 * Aliases are written out, so that the file means the same to every release of the proxy, and so are default ports other
 * than 80 and 443.
 */
export function formatAllowlistFile(allowlist: Allowlist, options: AllowlistFileOptions = {}): string {
  const { rules, defaultPorts } = allowlist;
  const isStandard = defaultPorts.join() === '80,443';
  const entries = rules.map((rule) =>
    entryOf(isStandard || rule.ports !== 'default' ? rule : { ...rule, ports: defaultPorts }, options),
  );
  return yamlDocument({ version: 1, rules: entries });
}

/** A word where that says it all, else an entry. */
function entryOf(rule: Rule, { reasons = true }: AllowlistFileOptions): unknown {
  const { effect, tls, reason, expiresAtMs } = rule;
  const whole = formatRule(rule);
  const isLong = whole.length > MAX_WORD_CHARACTERS && typeof rule.ports !== 'string';
  const word = isLong ? formatRule({ ...rule, ports: effect === 'allow' ? 'default' : 'all' }) : whole;
  const details = {
    ...(isLong ? { ports: rule.ports } : {}),
    ...(effect === 'allow' && tls !== 'sni' ? { tls } : {}),
    ...(expiresAtMs === undefined ? {} : { expires: new Date(expiresAtMs).toISOString() }),
    ...(reason === undefined || !reasons ? {} : { reason }),
  };
  if (Object.keys(details).length === 0) return word;
  return effect === 'allow' ? { allow: word, ...details } : { deny: word.slice(1), ...details };
}
