import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runProcess, successful } from '../support/processes.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const document = await readFile(`${repository}docs/run.md`, 'utf8');

/** Flags in the first columns of the document's tables. */
const documented = [...document.matchAll(/^\| (`--[^|]*)\|/gm)].flatMap(([, cell = '']) =>
  [...cell.matchAll(/--[a-z-]+/g)].map(([flag]) => flag),
);

describe('docs/run.md', () => {
  it('has every flag of paude run in a table, and no other', async () => {
    const help = await runProcess(process.execPath, ['apps/paude/bin/paude.js', 'run', '--help'], {
      cwd: repository,
    });
    const flags = [...successful(help).stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(
      ([, flag]) => flag,
    );
    expect(documented.toSorted()).toEqual(flags.filter((flag) => flag !== '--help').toSorted());
  });
});
