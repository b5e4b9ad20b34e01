import type { Diagnostic } from '@paude/policy';

/** What emitters had to say: errors first, each in one line. */
export function formatDiagnostics(diagnostics: readonly Diagnostic[]): string {
  const order = ['error', 'warning', 'info'];
  const sorted = diagnostics.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
  const lines = sorted.map(({ severity, effect, kind, object, rule, message, remedy, code }) => {
    const place = object === undefined ? kind : `${kind}/${object}`;
    const about = rule === undefined ? '' : ` ${rule.text}:`;
    const what = effect === 'note' ? '' : ` ${effect}:`;
    return `${severity}: ${place}:${what}${about} ${message}. ${remedy}. [${code}]\n`;
  });
  return lines.join('');
}

/** A diagnostic for `--diagnostics FILE`: its rule by its text and place. */
export function viewDiagnostic({ rule, ...rest }: Diagnostic): object {
  if (rule === undefined) return rest;
  const { alias, file, line } = rule.source;
  return { ...rest, rule: rule.text, alias, file, line };
}
