import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile, type Policy, parseAllowlistFile, parseHost, parseWords } from '@paude/allowlist';

/** `decide()` against a number of suffix rules. */
export interface DecideFigures {
  readonly rules: number;
  /** One decision, hits and misses in turn, over more hosts than a CPU cache holds. */
  readonly nsPerDecision: number;
}

/** Reading and compiling a large allowlist file. */
export interface ReloadFigures {
  readonly rules: number;
  readonly format: 'json' | 'yaml';
  readonly ms: number;
}

const DECISIONS = 2_000_000;

export function measureDecide(rules: number): DecideFigures {
  const policy = compile(parseWords(Array.from({ length: rules }, (_, index) => `.${domain(index)}`)));
  const hosts = Array.from({ length: 65_536 }, (_, index) => {
    const name = domain((index * 7919) % rules);
    return parseHost(index % 2 === 0 ? `api.${name}` : `api.not-${name}`);
  });
  let allowed = 0;
  const loop = (count: number) => {
    for (let index = 0; index < count; index++) {
      if (policy.decide(hosts[index & 0xffff] as Parameters<Policy['decide']>[0], 443).result === 'allow')
        allowed++;
    }
  };
  loop(DECISIONS / 4);
  const start = process.hrtime.bigint();
  loop(DECISIONS);
  const nsPerDecision = Number(process.hrtime.bigint() - start) / DECISIONS;
  // Half of the hosts are listed: a policy that decides nothing would show here.
  if (Math.abs(allowed / (DECISIONS * 1.25) - 0.5) > 0.01) throw new Error(`decide() allowed ${allowed}`);
  return { rules, nsPerDecision };
}

export function measureReload(rules: number, format: 'json' | 'yaml'): ReloadFigures {
  const words = Array.from({ length: rules }, (_, index) => `.${domain(index)}`);
  const text =
    format === 'json'
      ? JSON.stringify({ rules: words })
      : `rules:\n${words.map((word) => `  - ${word}\n`).join('')}`;
  const directory = mkdtempSync(join(tmpdir(), 'paude-bench-'));
  try {
    const path = join(directory, `allowlist.${format}`);
    writeFileSync(path, text);
    const times = [1, 2, 3].map(() => {
      const start = performance.now();
      const policy = compile(parseAllowlistFile(text, { path }), { atMs: Date.now() });
      if (policy.allowlist.rules.length !== rules) throw new Error('rules were lost');
      return performance.now() - start;
    });
    return { rules, format, ms: Math.min(...times) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Different domains of different lengths, none a suffix of another. */
function domain(index: number): string {
  return `d${index.toString(36)}-${(index * 2_654_435_761) % 1_000_003}.example${index % 97}.org`;
}
