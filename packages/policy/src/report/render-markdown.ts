import { markdownCode, markdownProse, markdownTable } from './markdown-text.ts';
import { layerNames, layerText, useText } from './render-text.ts';
import type { AuditDocument, DiffDocument, ExplanationDocument, RowDocument } from './report-documents.ts';
import { portsText, subjectOf, summaryText, whereText } from './row-cells.ts';

/** The comments of the usual places take some 65,000 characters; rows beyond this number are counted only. */
const MAX_ROWS = 200;

/** A diff for the comment on a pull request. */
export function diffMarkdown({ from, to, differences, summary }: DiffDocument): string {
  const title = `### Policy: ${markdownCode(from.name)} to ${markdownCode(to.name)}`;
  if (differences.length === 0) return lines([title, '', 'No differences.']);
  return lines([title, '', `${summaryText(summary)}.`, '', ...rowTable(differences)]);
}

/** An audit for the comment on a pull request: what was found first. */
export function auditMarkdown(report: AuditDocument): string {
  const { allowed, enforced, used, rules, findings, summary } = report;
  const layers = layerNames(report);
  const hasUse = used !== undefined;
  const shown = rules.slice(0, MAX_ROWS);
  return lines([
    `### Policy audit: ${markdownCode(enforced.name)} against ${markdownCode(allowed.name)}`,
    '',
    ...(findings.length === 0 ? ['Nothing found.'] : [`${summaryText(summary)}.`, '', ...rowTable(findings)]),
    '',
    ...markdownTable([
      ['rule', 'risk', ...(hasUse ? ['used'] : []), ...layers.map(markdownCode), 'where'],
      ...shown.map((rule) => [
        markdownCode(rule.rule),
        rule.risk,
        ...(hasUse ? [useText(rule)] : []),
        ...layers.map((name) => markdownProse(layerText(rule, name))),
        markdownCode(rule.where.text),
      ]),
    ]),
    ...rest(rules.length - shown.length),
  ]);
}

/** An explanation as markdown. */
export function explanationMarkdown({ host, port, verdict, why, steps }: ExplanationDocument): string {
  return lines([
    `### ${markdownCode(`${host.includes(':') ? `[${host}]` : host}:${port}`)}: ${verdict}`,
    '',
    markdownProse(why),
    '',
    ...markdownTable([
      ['decides', 'way', 'layer', 'verdict', 'rule', 'where', 'why'],
      ...steps.map((step) => [
        step.decides ? 'yes' : '',
        step.path,
        markdownCode(step.layer),
        step.verdict,
        markdownCode(step.rule ?? ''),
        markdownCode(step.where?.text ?? ''),
        markdownProse(step.why),
      ]),
    ]),
  ]);
}

function rowTable(rows: readonly RowDocument[]): string[] {
  const shown = rows.slice(0, MAX_ROWS);
  return [
    ...markdownTable([
      ['change', 'risk', 'rule', 'ports', 'where', 'why'],
      ...shown.map((row) => [
        row.change,
        row.risk,
        markdownCode(subjectOf(row)),
        portsText(row),
        markdownCode(whereText(row)),
        markdownProse(row.remedy === undefined ? row.why : `${row.why} ${row.remedy}.`),
      ]),
    ]),
    ...rest(rows.length - shown.length),
  ];
}

function rest(count: number): string[] {
  return count === 0 ? [] : ['', `And ${count} more: the JSON report has all of them.`];
}

function lines(parts: readonly string[]): string {
  return `${parts.join('\n')}\n`;
}
