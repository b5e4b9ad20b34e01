import type { RowDocument } from './report-documents.ts';

/** What a row is about: its rule, or the object. */
export function subjectOf({ rule, layer }: RowDocument): string {
  return rule === '' ? layer : rule;
}

/** Where it stands on both sides. */
export function whereText({ from, to }: Pick<RowDocument, 'from' | 'to'>): string {
  if (from === undefined || to === undefined || from.text === to.text) return to?.text ?? from?.text ?? '';
  return `${from.text} → ${to.text}`;
}

/** The ports of a row, as people write them. */
export function portsText({ ports, everyOtherPort }: RowDocument): string {
  const shown = ports.length > 8 ? `${ports.slice(0, 8).join(',')},…` : ports.join(',');
  if (!everyOtherPort) return shown;
  return shown === '' ? 'all' : `${shown} and all others`;
}

/** The rows in numbers: `2 added, 1 widened; highest risk: high`. */
export function summaryText({
  counts,
  risk,
}: {
  counts: Readonly<Record<string, number>>;
  risk: string;
}): string {
  const parts = Object.entries(counts).flatMap(([change, count]) =>
    count === 0 ? [] : [`${count} ${change}`],
  );
  return `${parts.join(', ')}; highest risk: ${risk}`;
}
