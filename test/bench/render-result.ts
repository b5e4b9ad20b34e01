import type { InterceptResult } from './measure-interception.ts';
import type { PeerFigures } from './measure-peer.ts';
import type { DecideFigures, ReloadFigures } from './measure-policy.ts';
import type { DiffFigures } from './measure-policy-diff.ts';

export interface PeerResult extends PeerFigures {
  readonly name: string;
  readonly idleResidentMb: number;
}

export interface BenchResult {
  readonly node: string;
  readonly cpu: string;
  readonly rounds: number;
  readonly missing: readonly string[];
  readonly peers: readonly PeerResult[];
  readonly interception: readonly InterceptResult[];
  readonly decide: readonly DecideFigures[];
  readonly reload: readonly ReloadFigures[];
  readonly diff: readonly DiffFigures[];
}

/** Columns of the table: figure, heading, digits behind the point. */
const COLUMNS: readonly (readonly [keyof Omit<PeerResult, 'name'>, string, number])[] = [
  ['connectsPerSecond', 'connects/s', 0],
  ['p50Us', 'p50 µs', 0],
  ['p99Us', 'p99 µs', 0],
  ['downMbPerSecond', 'down MB/s', 0],
  ['upMbPerSecond', 'up MB/s', 0],
  ['idleResidentMb', 'MB at 4,000 idle', 0],
];

/** The figures as a table, and ours against each peer as ratios. */
export function renderResult(result: BenchResult): string {
  const { peers, decide, reload, missing } = result;
  const [ours] = peers;
  const table = [
    ['', ...COLUMNS.map(([, heading]) => heading)],
    ...peers.map((peer) => [peer.name, ...COLUMNS.map(([key, , digits]) => peer[key].toFixed(digits))]),
  ];
  const ratios = [
    ['paude against', ...COLUMNS.map(([, heading]) => heading)],
    ...peers
      .slice(1)
      .map((peer) => [
        peer.name,
        ...COLUMNS.map(([key]) => `${((ours?.[key] ?? Number.NaN) / peer[key]).toFixed(2)} ×`),
      ]),
  ];
  const lines = [
    `Node ${result.node}, ${result.cpu}, median of ${result.rounds} rounds, proxy on one core`,
    '',
    ...(peers.length === 0 ? [] : [...align(table), '', ...align(ratios), '']),
    ...renderInterception(result.interception),
    ...decide.map(
      ({ rules, nsPerDecision }) =>
        `decide() against ${rules.toLocaleString('en')} suffix rules: ${nsPerDecision.toFixed(0)} ns`,
    ),
    ...reload.map(
      ({ rules, format, ms }) =>
        `reload of ${rules.toLocaleString('en')} rules from ${format}: ${ms.toFixed(0)} ms`,
    ),
    ...result.diff.map(
      ({ rules, rows, firstMs, ms }) =>
        `diff of ${rules.toLocaleString('en')} rules with as many others, ${rows.toLocaleString('en')} differences: ${ms.toFixed(0)} ms, the first ${firstMs.toFixed(0)} ms`,
    ),
    ...missing.map((name) => `not measured, not on this machine: ${name}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** Requests inside of intercepted TLS, and what each proxy adds to a request that meets no other. */
function renderInterception(results: readonly InterceptResult[]): string[] {
  const [direct, ours] = results;
  if (direct === undefined || ours === undefined) return [];
  const headings = [
    'interception',
    'requests/s',
    'p50 µs',
    'p99 µs',
    'fresh/s',
    'fresh p99 µs',
    'added p50 µs',
    'added p99 µs',
  ];
  const rows = results.map(({ name, kept, fresh, alone }) => [
    name,
    ...[kept.perSecond, kept.p50Us, kept.p99Us, fresh.perSecond, fresh.p99Us].map((figure) =>
      figure.toFixed(0),
    ),
    ...[alone.p50Us - direct.alone.p50Us, alone.p99Us - direct.alone.p99Us].map((figure) =>
      figure.toFixed(0),
    ),
  ]);
  const ratios = results.slice(2).map(({ name, kept, fresh }) => {
    const times = (part: number, whole: number) => `${(part / whole).toFixed(2)} ×`;
    return `paude against ${name}: requests ${times(ours.kept.perSecond, kept.perSecond)}, fresh connections ${times(ours.fresh.perSecond, fresh.perSecond)}`;
  });
  return [...align([headings, ...rows]), '', ...ratios, ''];
}

function align(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  );
}
