import type { Session } from '@paude/sessions';
import { formatColumns } from '../columns.ts';
import { formatAge } from './time-span.ts';

/** What is narrower than this is not cut to fit: nothing would be left to read. */
const MIN_WIDTH = 40;

/** Sessions as a table. @param options `width`: of the terminal, in characters; undefined where there is none. */
export function listText(
  sessions: readonly Session[],
  { nowMs, width }: { readonly nowMs: number; readonly width?: number | undefined },
): string {
  if (sessions.length === 0) return 'There is no session. Make one: paude create --git\n';
  const rows = sessions.map((session) => [
    session.name,
    session.state,
    session.backend,
    session.agent,
    session.createdMs === 0 ? '?' : formatAge(session.createdMs, nowMs),
    session.workspace,
  ]);
  const table = formatColumns([['NAME', 'STATE', 'BACKEND', 'AGENT', 'AGE', 'DIRECTORY'], ...rows]);
  const lines = table.split('\n').map((line) => fitted(line, width));
  const problems = sessions.flatMap(({ name, problem }) =>
    problem === undefined ? [] : [`${name}: ${problem}\n`],
  );
  return `${lines.join('\n')}${problems.join('')}`;
}

function fitted(line: string, width: number | undefined): string {
  if (width === undefined || width < MIN_WIDTH || line.length <= width) return line;
  return `${line.slice(0, width - 1)}…`;
}
