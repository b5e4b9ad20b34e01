import type { Finding } from '@paude/allowlist';
import { originOf } from './rule-view.ts';

/** A finding for `--output json`: its rules by their text and place. */
export function viewFinding({ code, severity, rule, related, message, remedy }: Finding): object {
  const { alias, file, line } = rule.source;
  return { code, severity, rule: rule.text, alias, file, line, related: related?.text, message, remedy };
}

/** A finding as one line. */
export function formatFinding({ code, severity, rule, message, remedy }: Finding): string {
  const origin = originOf(rule);
  const from = origin === '' ? '' : ` (${origin})`;
  return `${severity}: ${rule.text}${from}: ${message}. ${remedy}. [${code}]\n`;
}
