import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const document = 'docs/threat-model.md';
const markdown = await readFile(join(repository, document), 'utf8');

/** Links to tests: the name of a test, and its file. */
const shown = [...markdown.matchAll(/\[([^\]]+)\]\((\.\.\/[^)]+\.test\.ts)\)/g)].map(
  ([, name = '', link = '']) => ({ name, file: join(dirname(document), link) }),
);

/** The sections that claim something. */
const [, ...sections] = markdown.split(/^## /m);
const claiming = sections.filter((text) => !/^(?:Who attacks|Limits)/.test(text));

describe('the threat model', () => {
  it.each(shown)('claims what the test "$name" shows', async ({ name, file }) => {
    const source = await readFile(join(repository, file), 'utf8');
    const titles = [...source.matchAll(/(?:^|[\s(,`])(['"`])((?:(?!\1).)+)\1|`([^`]*)`/g)].map(
      ([, , text = '', template = '']) => text + template,
    );
    expect(titles.some((title) => title === name || title.includes(` ${name}`))).toBe(true);
  });

  it('names a test for every claim', () => {
    const claims = claiming.flatMap((text) => text.split(/^- /m).slice(1));
    expect(claims.length).toBeGreaterThan(20);
    expect(claims.filter((claim) => !claim.includes('.test.ts)'))).toEqual([]);
  });

  it('can be found from the README and from SECURITY.md', async () => {
    for (const name of ['README.md', 'SECURITY.md']) {
      expect(await readFile(join(repository, name), 'utf8')).toContain('(docs/threat-model.md)');
    }
  });
});
