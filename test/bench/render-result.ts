import type { PeerFigures } from './measure-peer.ts';
import type { DecideFigures, ReloadFigures } from './measure-policy.ts';

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
  readonly decide: readonly DecideFigures[];
  readonly reload: readonly ReloadFigures[];
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
    ...align(table),
    '',
    ...align(ratios),
    '',
    ...decide.map(
      ({ rules, nsPerDecision }) =>
        `decide() against ${rules.toLocaleString('en')} suffix rules: ${nsPerDecision.toFixed(0)} ns`,
    ),
    ...reload.map(
      ({ rules, format, ms }) =>
        `reload of ${rules.toLocaleString('en')} rules from ${format}: ${ms.toFixed(0)} ms`,
    ),
    ...missing.map((name) => `not measured, not on this machine: ${name}`),
  ];
  return `${lines.join('\n')}\n`;
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
