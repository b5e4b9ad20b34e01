import { parseHost, parseWords } from '@paude/allowlist';
import { describe, expect, it } from 'vitest';
import { auditPolicy } from '../audit/audit-policy.ts';
import { explainHost } from '../audit/explain-host.ts';
import { diffSources } from '../diff/diff-sources.ts';
import type { Source } from '../diff/source.ts';
import { seen, usageOf } from '../diff/testing/usage.ts';
import { renderAudit, renderDiff, renderExplanation } from './render-report.ts';
import { REPORT_FORMATS, type ReportFormat, type ReportStyles } from './report-options.ts';
import { hostileAudit, hostileDiff, hostileExplanation } from './testing/hostile-report.ts';

const version = '1.2.3';

const words = (...list: string[]): Source => ({
  name: list.join(),
  kind: 'words',
  allowlist: parseWords(list),
});

const diff = () => diffSources(words('a.com', 'b.com'), words('.a.com', 'webhook.site'), { atMs: 0 });

const hostile = (format: ReportFormat): string[] => [
  renderDiff(hostileDiff(), { format, version }),
  renderAudit(hostileAudit(), { format, version }),
  ...(format === 'sarif' ? [] : [renderExplanation(hostileExplanation(), { format, version })]),
];

describe('renderDiff()', () => {
  it('as text: a line a difference, its kind first, and the numbers at the end', () => {
    const text = renderDiff(diff(), { format: 'text', version });
    expect(text.split('\n').map((line) => line.split(/ {2,}/).slice(0, 5))).toEqual([
      ['change', 'risk', 'rule', 'ports', 'where'],
      ['added', 'high', 'webhook.site', '80,443', 'word webhook.site'],
      ['widened', 'low', '.a.com', '80,443', 'word a.com → word .a.com'],
      ['removed', 'none', 'b.com', '80,443', 'word b.com'],
      [''],
      ['1 added, 1 widened, 1 removed; highest risk: high'],
      [''],
    ]);
  });

  it('as text: nothing when there is no difference, so that standard output stays empty', () => {
    const same = diffSources(words('a.com'), words('a.com'), { atMs: 0 });
    expect(renderDiff(same, { format: 'text', version })).toBe('');
    expect(renderDiff(same, { format: 'markdown', version })).toBe(
      '### Policy: `a.com` to `a.com`\n\nNo differences.\n',
    );
    expect(JSON.parse(renderDiff(same, { format: 'json', version }))).toMatchObject({
      same: true,
      differences: [],
    });
    expect(JSON.parse(renderDiff(same, { format: 'sarif', version }))).toMatchObject({
      runs: [{ results: [] }],
    });
  });

  it('colours change nothing but colours', () => {
    const mark = (name: string) => (text: string) => `⟦${name}:${text}⟧`;
    const styles: ReportStyles = {
      high: mark('h'),
      medium: mark('m'),
      low: mark('l'),
      heading: mark('t'),
      faint: mark('f'),
    };
    const coloured = renderDiff(diff(), { format: 'text', version, styles });
    expect(coloured).toContain('⟦h:added');
    const stripped = coloured.replaceAll(/⟦.:|⟧/g, '');
    expect(stripped).toBe(renderDiff(diff(), { format: 'text', version }));
  });

  it('as markdown: a table for the comment on a pull request', () => {
    expect(renderDiff(diff(), { format: 'markdown', version }).split('\n').slice(0, 8)).toEqual([
      '### Policy: `a.com,b.com` to `.a.com,webhook.site`',
      '',
      '1 added, 1 widened, 1 removed; highest risk: high.',
      '',
      '| change | risk | rule | ports | where | why |',
      '| --- | --- | --- | --- | --- | --- |',
      '| added | high | `webhook.site` | 80,443 | `word webhook.site` | `webhook.site:443` is now allowed: no rule of `a.com,b.com` has anything in common with `webhook.site`; `webhook.site` is a place where data can leave (request catcher): it records whatever is sent to it. |',
      '| widened | low | `.a.com` | 80,443 | `word a.com → word .a.com` | `x.a.com:443` is now allowed: `.a.com,webhook.site` has `.a.com`, `a.com,b.com` has `a.com`. |',
    ]);
  });

  it('as markdown: what is too long for a comment is counted', () => {
    const many = Array.from({ length: 250 }, (_, index) => `h${index}.example.com`);
    const text = renderDiff(diffSources(words(), words(...many), { atMs: 0 }), {
      format: 'markdown',
      version,
    });
    expect(text).toMatch(/\nAnd 50 more: the JSON report has all of them\.\n$/);
    expect(text.length).toBeLessThan(65_000);
  });
});

describe('renderAudit()', () => {
  it('as text: what each layer makes of each rule, how much it was used, and what was found', () => {
    const used: Source = {
      name: 'log:x',
      kind: 'log',
      usage: usageOf([seen('a.com', { allowed: 1200 })]),
    };
    const report = auditPolicy(
      { allowed: words('a.com', 'b.com'), enforced: words('a.com'), used },
      { atMs: 0 },
    );
    const lines = renderAudit(report, { format: 'text', version }).split('\n');
    expect(lines.map((line) => line.split(/ {2,}/).slice(0, 5))).toEqual([
      ['rule', 'risk', 'used', 'proxy', 'where'],
      ['a.com', 'low', '1200', 'passes', 'word a.com'],
      ['b.com', 'low', 'never', 'cuts b.com:443', 'word b.com'],
      [''],
      ['change', 'risk', 'rule', 'ports', 'where'],
      ['unused', 'low', 'b.com', expect.any(String), expect.any(String)],
      ['removed', 'none', 'b.com', '80,443', 'word b.com'],
      [''],
      ['1 unused, 1 removed; highest risk: low'],
      [''],
    ]);
  });
});

describe('renderExplanation()', () => {
  const explanation = () =>
    explainHost({ host: parseHost('a.com'), port: 443 }, { atMs: 0, allowlist: parseWords(['.a.com']) });

  it('as text: the outcome, and the step that decides marked', () => {
    const lines = renderExplanation(explanation(), { format: 'text', version }).split('\n');
    expect(lines[0]).toMatch(/^allow {2}a\.com:443 can be reached through the proxy: the proxy allows it;/);
    expect(lines.find((line) => line.startsWith('>'))).toMatch(
      /^> {2}proxy +proxy +allow +\.a\.com +word \.a\.com/,
    );
  });

  it('is no SARIF, and says what to write', () => {
    expect(() => renderExplanation(explanation(), { format: 'sarif', version })).toThrow(
      expect.objectContaining({ code: 'report-format-invalid', remedy: 'Write text, json or markdown' }),
    );
  });
});

describe('reports of hostile names', () => {
  it.each(REPORT_FORMATS)('as %s: no control character, and none that turns text round', (format) => {
    for (const text of hostile(format)) {
      expect(text.replaceAll('\n', '')).not.toMatch(
        format === 'text' || format === 'markdown' ? /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u : /[\p{Cc}]/u,
      );
    }
  });

  it.each(REPORT_FORMATS)('as %s: no password', (format) => {
    for (const text of hostile(format)) expect(text).not.toContain('hunter2');
  });

  it('as text: a line a row', () => {
    const rows = hostileDiff().rows.length;
    expect(renderDiff(hostileDiff(), { format: 'text', version }).trimEnd().split('\n')).toHaveLength(
      rows + 3,
    );
  });

  it('as markdown: outside of code there is nothing but words, and every row has its cells', () => {
    for (const text of hostile('markdown')) {
      const lines = text.split('\n');
      const tableWidths = new Map<string, Set<number>>();
      let heading = '';
      for (const line of lines) {
        const outside = line.replaceAll(/(`+)(?!`).*?[^`]\1(?!`)/g, '');
        expect(outside.replaceAll('&#124;', ''), line).not.toMatch(
          /[<>@[\]\\`*_~]|:\/\/|www\.|#(?!##|## |# )\S/,
        );
        if (!line.startsWith('|')) {
          heading = '';
          continue;
        }
        if (heading === '') heading = line;
        const widths = tableWidths.get(heading) ?? new Set();
        // As the strictest reader does: a pipe divides wherever it stands.
        tableWidths.set(heading, widths.add(line.split('|').length));
      }
      expect(tableWidths.size).toBeGreaterThan(0);
      for (const [line, widths] of tableWidths) expect([...widths], line).toHaveLength(1);
    }
  });
});
