import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const inDocs = (await readdir(join(repository, 'docs'), { recursive: true })).map((name) =>
  join('docs', name),
);
const documents = [...(await readdir(repository)), ...inDocs].filter((name) => name.endsWith('.md'));

/** The anchor that Markdown viewers make of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .trim()
    .replace(/\s/g, '-');
}

function anchorsOf(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading));
}

describe('links in the documents', () => {
  it.each(documents)('of %s lead somewhere', async (name) => {
    const markdown = await readFile(join(repository, name), 'utf8');
    const links = [...markdown.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    const broken: string[] = [];
    for (const link of links.filter((text) => !/^[a-z]+:/.test(text))) {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? join(repository, name) : join(repository, dirname(name), path);
      if (!existsSync(target)) broken.push(link);
      else if (anchor !== undefined && !anchorsOf(await readFile(target, 'utf8')).includes(anchor))
        broken.push(link);
    }
    expect(broken).toEqual([]);
  });

  it('has every decision in the list of decisions', async () => {
    const list = await readFile(join(repository, 'docs/decisions/README.md'), 'utf8');
    const records = documents.filter((name) => /decisions\/\d{4}-/.test(name));
    for (const record of records) expect(list).toContain(`(${record.replace('docs/decisions/', '')})`);
    expect(records.length).toBeGreaterThan(10);
  });
});
