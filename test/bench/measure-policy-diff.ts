import { type Allowlist, parseWords } from '@paude/allowlist';
import { diffSources } from '@paude/policy';

/** A diff of two allowlists of so many rules, half of which they share. */
export interface DiffFigures {
  readonly rules: number;
  readonly rows: number;
  /** The first one of this process, as a command runs it. */
  readonly firstMs: number;
  /** The median of those that follow. */
  readonly ms: number;
}

const ROUNDS = 5;

export function measureDiff(rules: number): DiffFigures {
  const [from, to] = [0, rules / 2].map((start) => mixedRules(start, rules));
  if (from === undefined || to === undefined) throw new Error('no allowlists');
  const times: number[] = [];
  let rows = 0;
  for (let round = 0; round <= ROUNDS; round++) {
    const start = performance.now();
    const diff = diffSources(
      { name: 'before', kind: 'words', allowlist: from },
      { name: 'after', kind: 'words', allowlist: to },
      { atMs: 0 },
    );
    times.push(performance.now() - start);
    rows = diff.rows.length;
  }
  // Nineteen rules in twenty change something; the twentieth is a deny of what nobody allows.
  if (Math.abs(rows / rules - 0.95) > 0.01) throw new Error(`the diff has ${rows} rows`);
  const [firstMs = Number.NaN, ...later] = times;
  return { rules, rows, firstMs, ms: later.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? Number.NaN };
}

/** Hosts, wildcards, ports, addresses and denies as people mix them, and a glob in five hundred. */
function mixedRules(start: number, count: number): Allowlist {
  return parseWords(Array.from({ length: count }, (_, index) => ruleOf(start + index)));
}

function ruleOf(index: number): string {
  const domain = `d${index.toString(36)}-${(index * 2_654_435_761) % 1_000_003}.example${index % 97}.org`;
  if (index % 500 === 0) return `node-*.${domain}`;
  const form = index % 20;
  if (form < 8) return domain;
  if (form < 14) return `.${domain}`;
  if (form < 17) return `*.${domain}`;
  if (form === 17) return `!admin.${domain}`;
  if (form === 18) return `api.${domain}:8443`;
  return `9.${(index >> 8) & 255}.${index & 255}.0/24`;
}
