import { readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { authorityPem } from '../support/certificates.ts';
import { runProcess, successful } from '../support/processes.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { codeIn, tableOf } from './tables.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const document = await readFile(`${repository}docs/stubs.md`, 'utf8');
const main = `${repository}apps/paude/src/main.ts`;

const paude = async (...args: string[]) =>
  successful(await runProcess(process.execPath, [main, 'stubs', 'write', ...args])).stdout;

async function writtenStubs() {
  const directory = untilTestEnds(await temporaryDirectory('stubs'));
  const ca = await directory.write('ca.crt', await authorityPem());
  const stubs = directory.join('stubs');
  const { files, environment } = JSON.parse(await paude(stubs, '--ca', ca, '--output', 'json'));
  return { stubs, names: files.map(({ name }: { name: string }) => name), environment };
}

describe('docs/stubs.md', () => {
  it('lists the flags of paude stubs write, all of them and no others', async () => {
    const help = await paude('--help');
    const flags = [...help.matchAll(/^ {2}(?:-o, )?(--[a-z-]+)/gm)].map(([, flag]) => flag);
    const documented = tableOf(document, ['flag', 'default', 'meaning']).flatMap((row) => codeIn(row[0]));
    expect(documented.sort()).toEqual(flags.sort());
  });

  it('lists the files that are written, all of them and no others, with their modes', async () => {
    const { stubs, names } = await writtenStubs();
    const rows = tableOf(document, ['file', 'mode', 'what it is']);
    expect(rows.flatMap((row) => codeIn(row[0])).sort()).toEqual(names.sort());
    for (const row of rows) {
      const { mode } = await stat(`${stubs}/${codeIn(row[0])[0]}`);
      expect(`${row[0]} ${row[1]}`).toBe(`${row[0]} 0${(mode & 0o777).toString(8)}`);
    }
  });

  it('lists the variables that are set, all of them and no others', async () => {
    const { environment } = await writtenStubs();
    const documented = tableOf(document, ['variable', 'for']).flatMap((row) => codeIn(row[0]));
    expect(documented.sort()).toEqual(Object.keys(environment).sort());
  });
});
