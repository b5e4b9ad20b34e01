import type { Diagnostic } from '@paude/policy';

/** Rules that one line names; of more it says how many. */
const MAX_NAMED = 3;
const ORDER = ['error', 'warning', 'info'];

/** What emitters had to say: errors first, one line for all the rules of which the same is said. */
export function formatDiagnostics(diagnostics: readonly Diagnostic[]): string {
  const sorted = diagnostics.toSorted((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
  const same = Map.groupBy(sorted, ({ code, kind, object, message }) =>
    JSON.stringify([code, kind, object, message]),
  );
  return [...same.values()].map(formatOne).join('');
}

function formatOne(same: readonly Diagnostic[]): string {
  const [first] = same;
  if (first === undefined) return '';
  const { severity, effect, kind, object, message, remedy, code } = first;
  const place = object === undefined ? kind : `${kind}/${object}`;
  const what = effect === 'note' ? '' : ` ${effect}:`;
  const rules = [...new Set(same.flatMap(({ rule }) => rule?.text ?? []))];
  const named = rules.slice(0, MAX_NAMED).join(', ');
  const more = rules.length > MAX_NAMED ? ` and ${rules.length - MAX_NAMED} more` : '';
  const about = rules.length === 0 ? '' : ` ${named}${more}:`;
  return `${severity}: ${place}:${what}${about} ${message}. ${remedy}. [${code}]\n`;
}

/** A diagnostic for `--diagnostics FILE`: its rule by its text and place. */
export function viewDiagnostic({ rule, ...rest }: Diagnostic): object {
  if (rule === undefined) return rest;
  const { alias, file, line } = rule.source;
  return { ...rest, rule: rule.text, alias, file, line };
}
