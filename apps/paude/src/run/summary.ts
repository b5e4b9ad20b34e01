import { formatColumns } from '../columns.ts';
import type { TargetUsage } from './usage.ts';

/** How a run went. */
export interface RunResult {
  readonly exitCode: number;
  readonly durationMs: number;
  readonly reportOnly: boolean;
  readonly targets: readonly TargetUsage[];
}

/** One line of JSON, for scripts. */
export function summaryJson({ exitCode, durationMs, reportOnly, targets }: RunResult): string {
  return `${JSON.stringify({ exitCode, durationMs: Math.round(durationMs), reportOnly, targets })}\n`;
}

/** For people: every target with counts and bytes. */
export function summaryText({ targets, reportOnly }: RunResult): string {
  if (targets.length === 0) return 'paude: the command asked for no host.\n';
  const rows = targets.map(({ host, port, reached, blocked, reason, bytesUp, bytesDown }) => [
    `${host}:${port}`,
    String(reached),
    String(blocked),
    formatBytes(bytesUp),
    formatBytes(bytesDown),
    blocked === 0 ? '' : (reason ?? ''),
  ]);
  const head = ['host', 'reached', reportOnly ? 'would be blocked' : 'blocked', 'sent', 'received', 'why'];
  return formatColumns([head, ...rows]);
}

/** One line for people, or none when nothing was blocked. */
export function blockedText({ targets, reportOnly }: RunResult): string {
  if (reportOnly) return '';
  const blocked = targets.filter((target) => target.blocked > 0);
  if (blocked.length === 0) return '';
  const names = blocked.map(({ host, port, blocked: count, reason }) => {
    const times = count === 1 ? '' : `, ${count} times`;
    return `${host}:${port} (${reason}${times})`;
  });
  return `paude: blocked ${names.join(', ')}\n`;
}

/** With a unit of which there are at least one and below a thousand: 1.2 kB, 34 MB. */
function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
