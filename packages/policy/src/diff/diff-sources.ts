import type { Allowlist } from '@paude/allowlist';
import { PaudeError } from '@paude/errors';
import { diffAllowlists } from './diff-allowlists.ts';
import { diffLayers, unknownNamesRow, weaknessRows } from './diff-enforcement.ts';
import { runningRows } from './diff-running.ts';
import { allowlistOfUsage, diffUsage } from './diff-usage.ts';
import { DIFF_CHANGES, type DiffChange, type DiffRow, type Risk, sortedRows } from './row.ts';
import type { Source, SourceKind } from './source.ts';

/** How one source differs from another. */
export interface PolicyDiff {
  readonly from: SourceName;
  readonly to: SourceName;
  /** The riskiest first. */
  readonly rows: readonly DiffRow[];
  readonly summary: DiffSummary;
  /** Whether there are no rows. */
  readonly same: boolean;
}

/** A source, by name. */
export interface SourceName {
  readonly name: string;
  readonly kind: SourceKind;
}

/** The rows, counted. */
export interface DiffSummary {
  readonly counts: Readonly<Record<DiffChange, number>>;
  /** The highest of them; `none` when there are none. */
  readonly risk: Risk;
}

/** When the comparison is for. */
export interface DiffOptions {
  /** Milliseconds since 1970; rules that have expired by then do not count. */
  readonly atMs: number;
}

/**
 * Compares two sources by what they decide, not by how they are written: their allowlists, the objects of each kind that
 * both have or that one has and the other's allowlist can be held against, and what was used against what is allowed. What
 * is weak, missing or out of date on either side is a row as well, whether or not the other side has it too: with nothing
 * but allowlists a source does not differ from itself.
 *
 * @throws PaudeError `policy-incomparable` when the two have nothing that can be compared.
 */
export function diffSources(from: Source, to: Source, options: DiffOptions): PolicyDiff {
  const [before, after] = statedBy(from, to);
  const layers = canCompareLayers(from, to) ? diffLayers(from, to, options) : undefined;
  const usage = usageRows(from, to, options);
  const stated =
    before === undefined || after === undefined
      ? undefined
      : diffAllowlists(
          { name: from.name, allowlist: before },
          { name: to.name, allowlist: after },
          { ...options, layer: 'allowlist' },
        );
  if (stated === undefined && layers === undefined && usage === undefined) throw incomparable(from, to);
  const rows = sortedRows([
    ...(stated ?? []),
    ...(layers ?? []),
    ...(usage ?? []),
    ...(before === undefined && after !== undefined ? unknownNamesRow(from, to, 'from') : []),
    ...(after === undefined && before !== undefined ? unknownNamesRow(to, from, 'to') : []),
    ...weaknessRows(from, 'from', options),
    ...weaknessRows(to, 'to', options),
    ...runningRows(from, 'from', options),
    ...runningRows(to, 'to', options),
  ]);
  return {
    from: { name: from.name, kind: from.kind },
    to: { name: to.name, kind: to.kind },
    rows,
    summary: summarize(rows),
    same: rows.length === 0,
  };
}

/** The rows, counted by what they are, with the highest risk. */
export function summarize(rows: readonly DiffRow[]): DiffSummary {
  const counts = Object.fromEntries(DIFF_CHANGES.map((change) => [change, 0])) as Record<DiffChange, number>;
  for (const { change } of rows) counts[change]++;
  return { counts, risk: sortedRows(rows)[0]?.risk ?? 'none' };
}

/** What each says is allowed: its allowlist, or the one that its proxy runs by; of two logs what was let pass. */
function statedBy(from: Source, to: Source): (Allowlist | undefined)[] {
  const stated = [from, to].map(ownAllowlist);
  if (stated.some((allowlist) => allowlist !== undefined)) return stated;
  return [from, to].map(({ usage }) => usage && allowlistOfUsage(usage));
}

function ownAllowlist({ allowlist, running }: Source): Allowlist | undefined {
  return allowlist ?? running?.allowlist;
}

function canCompareLayers(from: Source, to: Source): boolean {
  const [there, here] = [from, to].map(({ enforcement }) => enforcement !== undefined);
  if (there === true && here === true) return true;
  return (there === true && to.allowlist !== undefined) || (here === true && from.allowlist !== undefined);
}

/** A log is held against the allowlist of its own source, else against the other's. */
function usageRows(from: Source, to: Source, { atMs }: DiffOptions): DiffRow[] | undefined {
  const rows = [
    { log: from, other: to, isLogSecond: false },
    { log: to, other: from, isLogSecond: true },
  ].flatMap(({ log, other, isLogSecond }) => {
    const { usage } = log;
    if (usage === undefined) return [];
    const own = ownAllowlist(log);
    const [judge, allowlist] = own === undefined ? [other, ownAllowlist(other)] : [log, own];
    const side = { logName: log.name, usage, isLogSecond, atMs };
    // Two logs: what was let pass has been compared already.
    if (allowlist === undefined) {
      if (other.usage === undefined) return [];
      const passed = allowlistOfUsage(usage);
      return [diffUsage({ ...side, allowlistName: log.name, allowlist: passed, parts: ['denied'] })];
    }
    // What a source itself let pass once and denies today is its past, not a difference.
    const parts =
      own === undefined ? (['passed', 'denied', 'unused'] as const) : (['denied', 'unused'] as const);
    return [diffUsage({ ...side, allowlistName: judge.name, allowlist, parts })];
  });
  return rows.length === 0 ? undefined : rows.flat();
}

function incomparable(from: Source, to: Source): PaudeError {
  return new PaudeError('policy-incomparable', {
    action: 'compare',
    input: `${from.name} with ${to.name}`,
    why: 'they have nothing in common that could be compared',
    remedy:
      'Name at least one source with an allowlist: words, file:, squid:, proxy: or a namespace with a proxy',
  });
}
