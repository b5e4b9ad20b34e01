import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runProcess } from '../support/processes.ts';
import { codeIn, tableOf } from './tables.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const suite = `${root}/test/conformance`;

interface ListedTest {
  readonly file: string;
}

/** How many cases each file of the attack suite has. Files are loaded for it, and their tests not run. */
async function countCases(): Promise<ReadonlyMap<string, number>> {
  const list = ['list', 'test/conformance', '--no-static-parse', '--json'];
  const { stdout } = await runProcess(process.execPath, [`${root}/node_modules/vitest/vitest.mjs`, ...list], {
    cwd: root,
  });
  const counts = new Map<string, number>();
  const tests: readonly ListedTest[] = JSON.parse(stdout.slice(stdout.indexOf('[')));
  for (const { file } of tests) {
    const name = file.replace(/^.*\//, '');
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/** Whether a row of the table, which may name several files by a `*`, is about a file. */
function isAbout(pattern: string, file: string): boolean {
  const [start = '', end] = pattern.split('*');
  return end === undefined ? file === pattern : file.startsWith(start) && file.endsWith(end);
}

it('has one row for every file of the attack suite, with no more cases than there are', async () => {
  const table = tableOf(await readFile(`${suite}/README.md`, 'utf8'), ['class', 'file', 'cases']);
  const rows = table.map(([, file, cases]) => ({ pattern: codeIn(file)[0] ?? '', cases: Number(cases) }));
  const files = (await readdir(suite)).filter((name) => name.endsWith('.test.ts'));
  for (const file of files)
    expect(rows.filter(({ pattern }) => isAbout(pattern, file)).length, `a row for ${file}`).toBe(1);

  const counts = await countCases();
  for (const { pattern, cases } of rows) {
    const counted = files.filter((file) => isAbout(pattern, file)).map((file) => counts.get(file) ?? 0);
    expect(cases, pattern).toBeGreaterThan(0);
    expect(
      counted.reduce((sum, count) => sum + count, 0),
      pattern,
    ).toBeGreaterThanOrEqual(cases);
  }
}, 60_000);
