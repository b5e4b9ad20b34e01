import { formatAuthority } from '../engine/target.ts';
import type { AuditEvent } from './audit.ts';
import { isReasonCode, reasonFacts } from './reasons.ts';

/** A line of the log as it was written: an audit event, or a notice with an `event` of its own. */
export type LogLine = Partial<AuditEvent> & {
  readonly time: string;
  readonly level: string;
  readonly msg?: string;
};

/** Colours, or nothing. */
export interface Palette {
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly dim: (text: string) => string;
}

const plain = (text: string): string => text;
const sgr = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[0m`;

export const NO_COLOURS: Palette = { red: plain, green: plain, dim: plain };
export const COLOURS: Palette = { red: sgr(31), green: sgr(32), dim: sgr(2) };

/** One line for a person: `14:03:11 DENY  CONNECT api.example.com:443  not-listed`. */
export function formatPretty(line: LogLine, palette: Palette): string | undefined {
  const clock = palette.dim(line.time.slice(11, 19));
  if (line.event !== 'decision' && line.event !== 'close') {
    const text = line.msg ?? String(line.event);
    return `${clock} ${line.level === 'error' || line.level === 'warn' ? palette.red(text) : text}\n`;
  }
  const { method = '', host = '', port = 0, reason = '', rule, detail, session } = line;
  const target = host === '' ? '-' : formatAuthority(host, port);
  const who = palette.dim(
    [line.client, session].filter((part) => part !== undefined && part !== '').join(' '),
  );
  const about = [rule === undefined ? '' : `rule ${rule}`, detail ?? '']
    .filter((part) => part !== '')
    .join(', ');
  const tail = about === '' ? who : `${palette.dim(`(${about})`)} ${who}`;
  if (line.event === 'decision') {
    if (line.reportOnly)
      return `${clock} ${palette.red('WOULD DENY')} ${method} ${target}  ${reason} ${tail}\n`;
    const verdict = line.decision === 'deny' ? palette.red('DENY ') : palette.green('ALLOW');
    return `${clock} ${verdict} ${method} ${target}  ${line.decision === 'deny' ? reason : ''} ${tail}\n`.replace(
      / {3,}/g,
      '  ',
    );
  }
  const verdict = line.decision === 'deny' ? palette.red('CUT  ') : palette.dim('close');
  const bytes = `${formatBytes(line.bytesUp ?? 0)} up, ${formatBytes(line.bytesDown ?? 0)} down`;
  return `${clock} ${verdict} ${method} ${target}  ${reason}, ${bytes}, ${formatDuration(line.durationMs ?? 0)} ${tail}\n`;
}

/** squid's native access log: one line a request, when it ends; never a path or a query. */
export function formatSquid(line: LogLine): string | undefined {
  const denied = line.event === 'decision' && line.decision === 'deny';
  if (line.event !== 'close' && !denied) return undefined;
  const { method = '-', host = '', port = 0, session, address } = line;
  const seconds = (Date.parse(line.time) / 1000).toFixed(3);
  const elapsed = String(Math.round(line.durationMs ?? 0)).padStart(6);
  const status = denied ? statusOf(line.reason) : (line.status ?? 0);
  const refused = line.decision === 'deny';
  const code = refused ? 'TCP_DENIED' : method === 'CONNECT' ? 'TCP_TUNNEL' : 'TCP_MISS';
  const peer = refused || address === undefined ? 'HIER_NONE/-' : `HIER_DIRECT/${address}`;
  const bytes = line.bytesDown ?? 0;
  return `${seconds} ${elapsed} ${line.client || '-'} ${code}/${status} ${bytes} ${method || '-'} ${urlOf(method, host, port)} ${session ?? '-'} ${peer} -\n`;
}

/**
 * The line that `BLOCKED_LOG_PATH` gets for each refusal, in the form that readers of the established proxy image parse:
 * date, time zone, client, squid code, method, URL, BLOCKED.
 */
export function formatBlocked(event: AuditEvent, now: Date): string {
  const [weekday, day, month, year, clock] = now.toUTCString().split(' ');
  void weekday;
  const { method, host, port, client } = event;
  return `${day}/${month}/${year}:${clock} +0000 ${client || '-'} TCP_DENIED/${statusOf(event.reason)} ${method || '-'} ${urlOf(method, host, port)} BLOCKED\n`;
}

function urlOf(method: string, host: string, port: number): string {
  if (host === '') return '-';
  const authority = formatAuthority(host, port);
  return method === 'CONNECT' || method === '' ? authority : `http://${authority}/`;
}

function statusOf(reason: AuditEvent['reason']): number {
  return reason !== undefined && isReasonCode(reason) ? reasonFacts(reason).status : 403;
}

function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value.toFixed(1)} ${units[unit]}`;
}

function formatDuration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
