import { diffAllowlists } from './diff-allowlists.ts';
import type { DiffRow } from './row.ts';
import type { Source } from './source.ts';
import { whereOfObject } from './where.ts';

/** The rows for a proxy that runs by other rules than those written for it. */
export function runningRows(
  source: Source,
  side: 'from' | 'to',
  options: { readonly atMs: number },
): DiffRow[] {
  const { running, allowlist } = source;
  if (running === undefined) return [];
  const where = whereOfObject(running.where);
  const place = side === 'from' ? { from: where } : { to: where };
  const about = { change: 'unenforced', layer: 'proxy', ports: [], everyOtherPort: false, ...place } as const;
  const rows: DiffRow[] = [];
  if (running.reloadFailure !== undefined) {
    rows.push({
      ...about,
      code: 'proxy-reload-failed',
      rule: '',
      risk: 'high',
      why: `${running.where} could not read its newest rules: ${running.reloadFailure.replace(/\.$/, '')}.`,
      remedy: 'Correct the allowlist; the rules before stay in force until then',
    });
  }
  if (running.reportOnly === true) {
    rows.push({
      ...about,
      code: 'proxy-report-only',
      rule: '',
      risk: 'high',
      why: `${running.where} only reports: it lets everything pass, whatever its rules say.`,
      remedy: 'Start it without --report-only and PAUDE_PROXY_REPORT_ONLY',
    });
  }
  if (running.allowlist === undefined) {
    rows.push({
      ...about,
      code: 'proxy-unknown',
      rule: '',
      risk: 'medium',
      why: `What ${running.where} goes by could not be read.`,
      remedy: 'See that it runs and that its admin port can be reached',
    });
    return rows;
  }
  if (allowlist === undefined) return rows;
  const since = running.readMs === undefined ? '' : ` of ${new Date(running.readMs).toISOString()}`;
  const stale = diffAllowlists(
    { name: source.name, allowlist },
    { name: running.where, allowlist: running.allowlist },
    { ...options, layer: 'proxy' },
  );
  return [...rows, ...stale.map((row) => staleRow(row, { running: running.where, since, place }))];
}

interface Stale {
  readonly running: string;
  readonly since: string;
  readonly place: Pick<DiffRow, 'from' | 'to'>;
}

/** What the proxy still lets pass is not enforced; what it does not let pass yet costs nobody but the workload. */
function staleRow(row: DiffRow, { running, since, place }: Stale): DiffRow {
  const { from: _, to: __, ...rest } = row;
  const isOpen = row.change === 'added' || row.change === 'widened';
  const target = row.witness ?? row.rule;
  const says =
    row.change === 'undecided'
      ? `may differ from what was written for it, at ${row.rule}`
      : isOpen
        ? `still allows ${target}`
        : `does not allow ${target} yet`;
  return {
    ...rest,
    ...place,
    change: 'unenforced',
    code: isOpen ? 'proxy-older-allowlist' : 'proxy-allowlist-pending',
    risk: isOpen ? 'high' : row.change === 'undecided' ? 'medium' : 'low',
    why: `${running} runs by older rules${since}: it ${says}.`,
    remedy: 'Let it read its rules again, or wait until it has',
  };
}
