import { createInterface } from 'node:readline';
import type { BlockedDomain } from '@paude/sessions';
import { formatColumns } from '../columns.ts';
import type { Io } from '../io.ts';
import type { FoundSession } from './find-session.ts';
import { formatAge } from './time-span.ts';

/** A refusal, and the command that would allow it; none where its rule denies it by name. */
export interface BlockedView extends BlockedDomain {
  readonly allow?: string;
}

/** Refusals that allowing the name would change. */
const ALLOWABLE = ['not-listed', 'port-not-allowed', 'rule-expired', 'address-not-listed', 'empty-allowlist'];
const STANDARD_PORTS = [80, 443];

export function blockedViews(found: readonly BlockedDomain[], session: string): readonly BlockedView[] {
  return found.map((domain) => {
    if (!ALLOWABLE.includes(domain.reason)) return domain;
    return { ...domain, allow: `paude allowed-domains ${session} --add ${wordFor(domain)}` };
  });
}

export function blockedText(views: readonly BlockedView[], nowMs: number): string {
  if (views.length === 0) return 'Nothing was blocked.\n';
  const rows = views.map(({ host, port, reason, count, lastMs, allow = '' }) => [
    `${host}:${port}`,
    String(count),
    formatAge(lastMs, nowMs),
    reason,
    allow,
  ]);
  return formatColumns([['BLOCKED', 'TIMES', 'LAST', 'REASON', 'TO ALLOW IT'], ...rows]);
}

/** Tells refusals line by line, those that were and with `follow` those that come. */
export async function followBlocked(
  { backend, name }: FoundSession,
  { io, isRaw, follow }: { readonly io: Io; readonly isRaw: boolean; readonly follow: boolean },
): Promise<void> {
  const controller = new AbortController();
  const stop = () => controller.abort();
  io.on('SIGINT', stop);
  try {
    const { signal } = controller;
    const log = await backend.logs(name, { of: 'proxy', follow, signal });
    for await (const line of createInterface({ input: log, crlfDelay: Number.POSITIVE_INFINITY, signal })) {
      const denial = denialOf(line);
      if (denial === undefined) continue;
      const [view] = blockedViews([denial], name);
      const hint = view?.allow === undefined ? '' : `  ${view.allow}`;
      io.stdout.write(isRaw ? `${line}\n` : `${denial.host}:${denial.port}  ${denial.reason}${hint}\n`);
    }
  } catch (error) {
    if (!controller.signal.aborted) throw error;
  } finally {
    io.off('SIGINT', stop);
  }
}

/** A line of the audit log that refuses; undefined for others. Hosts in it are canonical: no control character is in them. */
function denialOf(line: string): BlockedDomain | undefined {
  if (!line.includes('"deny"')) return undefined;
  try {
    const { event, decision, host, port, reason, time } = JSON.parse(line) as Record<string, unknown>;
    if (event !== 'decision' || decision !== 'deny' || typeof host !== 'string' || host === '')
      return undefined;
    return {
      host,
      port: Number(port),
      reason: String(reason),
      count: 1,
      lastMs: Date.parse(String(time)),
    };
  } catch {
    return undefined;
  }
}

/** The word of an allowlist for it; as one word of a shell, which a host's characters are in any case but for brackets. */
function wordFor({ host, port }: BlockedDomain): string {
  const name = host.includes(':') ? `'[${host}]'` : host;
  return STANDARD_PORTS.includes(port) ? name : `${name}:${port}`;
}
