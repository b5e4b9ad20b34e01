import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { aliasNames, isAlias, parseAllowlistFile, parseWords } from './index.ts';

const page = readFileSync(new URL('../../../docs/allowlist.md', import.meta.url), 'utf8');

const section = (title: string): string =>
  page.split('\n## ').find((part) => part.startsWith(`${title}\n`)) ?? '';

/** What stands in backquotes in one column of a section's table. */
const cells = (title: string, column: number): string[] =>
  section(title)
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
    .slice(1)
    .flatMap((line) => [...(line.split(/ \| |^\| | \|$/)[column] ?? '').matchAll(/`([^`]+)`/g)])
    .map(([, text = '']) => text);

describe('docs/allowlist.md', () => {
  it('shows only words that parse', () => {
    const words = cells('Words', 1).filter((word) => word !== '!');
    expect(words.length).toBeGreaterThan(15);
    for (const word of words) expect(parseWords([word]).rules.length, word).toBeGreaterThan(0);
  });

  it('shows a file that parses', () => {
    const [, text = ''] = /```yaml\n(.*?)```/s.exec(section('Files')) ?? [];
    const { rules } = parseAllowlistFile(text, { path: 'allow.yaml' });
    expect(rules.slice(-3).map((rule) => rule.text)).toEqual([
      'partner.example.net:{443,8443}',
      'build.example.net:22',
      '!admin.example.com',
    ]);
  });

  it('names every alias, and no other', () => {
    const named = cells('Aliases', 2);
    expect(named.filter((name) => !isAlias(name))).toEqual([]);
    expect([...named, 'default'].sort()).toEqual(aliasNames().sort());
  });
});
