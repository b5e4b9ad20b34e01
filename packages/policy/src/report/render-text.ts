import type { AuditDocument, DiffDocument, ExplanationDocument, RowDocument } from './report-documents.ts';
import type { ReportStyles } from './report-options.ts';
import { portsText, subjectOf, summaryText, whereText } from './row-cells.ts';
import { type Cell, terminalText, textTable } from './terminal-text.ts';

/** A diff for people: a line a difference, its kind first. Nothing at all when there is none. */
export function diffText({ differences, summary }: DiffDocument, styles: ReportStyles): string {
  if (differences.length === 0) return '';
  return lines([...rowLines(differences, styles), '', summaryText(summary)]);
}

/** An audit for people: the rules with what each layer makes of them, and below what was found. */
export function auditText(report: AuditDocument, styles: ReportStyles): string {
  const { rules, findings, summary } = report;
  const layers = layerNames(report);
  const hasUse = report.used !== undefined;
  const table = textTable([
    ['rule', 'risk', ...(hasUse ? ['used'] : []), ...layers, 'where'].map((text) => ({
      text,
      style: styles.heading,
    })),
    ...rules.map((rule) => [
      { text: rule.rule },
      riskCell(rule.risk, styles),
      ...(hasUse ? [{ text: useText(rule) }] : []),
      ...layers.map((name) => ({ text: layerText(rule, name) })),
      { text: rule.where.text, style: styles.faint },
    ]),
  ]);
  const found = findings.length === 0 ? [] : ['', ...rowLines(findings, styles), '', summaryText(summary)];
  return lines([...table, ...found]);
}

/** An explanation for people: the outcome, and the steps that lead to it; the one that decides is marked. */
export function explanationText(explanation: ExplanationDocument, styles: ReportStyles): string {
  const { verdict, why, steps } = explanation;
  const paint = verdict === 'deny' ? styles.low : verdict === 'allow' ? styles.high : styles.medium;
  return lines([
    `${paint(verdict)}  ${terminalText(why)}`,
    '',
    ...textTable([
      ['', 'way', 'layer', 'verdict', 'rule', 'where', 'why'].map((text) => ({
        text,
        style: styles.heading,
      })),
      ...steps.map((step) => [
        { text: step.decides ? '>' : '' },
        { text: step.path },
        {
          text:
            step.pods === undefined || step.layer === step.pods ? step.layer : `${step.layer} (${step.pods})`,
        },
        { text: step.verdict },
        { text: step.rule ?? '' },
        { text: step.where?.text ?? '', style: styles.faint },
        { text: step.why },
      ]),
    ]),
  ]);
}

function rowLines(rows: readonly RowDocument[], styles: ReportStyles): string[] {
  return textTable([
    ['change', 'risk', 'rule', 'ports', 'where', 'why'].map((text) => ({ text, style: styles.heading })),
    ...rows.map((row): Cell[] => [
      { text: row.change, style: styleOf(row.risk, styles) },
      riskCell(row.risk, styles),
      { text: subjectOf(row) },
      { text: portsText(row) },
      { text: whereText(row), style: styles.faint },
      { text: row.remedy === undefined ? row.why : `${row.why} ${row.remedy}.` },
    ]),
  ]);
}

function riskCell(risk: RowDocument['risk'], styles: ReportStyles): Cell {
  return { text: risk, style: styleOf(risk, styles) };
}

function styleOf(risk: RowDocument['risk'], styles: ReportStyles): (text: string) => string {
  return risk === 'none' ? styles.faint : styles[risk];
}

/** The columns of an audit: each layer once, the proxy first. */
export function layerNames({ rules }: AuditDocument): string[] {
  return [...new Set(rules.flatMap(({ layers }) => layers.map(({ layer }) => layer)))];
}

/** What a layer makes of a rule; with a target where it makes a difference. */
export function layerText({ layers }: AuditDocument['rules'][number], name: string): string {
  const found = layers.find(({ layer }) => layer === name);
  if (found === undefined) return '';
  return found.witness === undefined ? found.verdict : `${found.verdict} ${found.witness}`;
}

/** How much a rule was used. */
export function useText({ use }: AuditDocument['rules'][number]): string {
  if (use === undefined || use.count === 0) return 'never';
  return use.lastSeen === undefined ? `${use.count}` : `${use.count}, last ${use.lastSeen.slice(0, 10)}`;
}

function lines(parts: readonly string[]): string {
  return `${parts.join('\n')}\n`;
}
