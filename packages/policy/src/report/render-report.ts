import { PaudeError } from '@paude/errors';
import type { AuditReport } from '../audit/audit-policy.ts';
import type { HostExplanation } from '../audit/explain-host.ts';
import type { PolicyDiff } from '../diff/diff-sources.ts';
import { auditMarkdown, diffMarkdown, explanationMarkdown } from './render-markdown.ts';
import { sarifLog } from './render-sarif.ts';
import { auditText, diffText, explanationText } from './render-text.ts';
import { auditDocument, diffDocument, explanationDocument } from './report-documents.ts';
import { PLAIN_STYLES, type ReportOptions } from './report-options.ts';

/**
 * A diff, written. As text it is empty when there are no differences: that is said by the exit code, and to people on another
 * stream.
 */
export function renderDiff(diff: PolicyDiff, options: ReportOptions): string {
  const { format, version, styles = PLAIN_STYLES } = options;
  const document = diffDocument(diff, version);
  switch (format) {
    case 'text':
      return diffText(document, styles);
    case 'json':
      return json(document);
    case 'markdown':
      return diffMarkdown(document);
    case 'sarif':
      return json(sarifLog(document.differences, version));
  }
}

/** An audit, written. */
export function renderAudit(report: AuditReport, options: ReportOptions): string {
  const { format, version, styles = PLAIN_STYLES } = options;
  const document = auditDocument(report, version);
  switch (format) {
    case 'text':
      return auditText(document, styles);
    case 'json':
      return json(document);
    case 'markdown':
      return auditMarkdown(document);
    case 'sarif':
      return json(sarifLog(document.findings, version));
  }
}

/**
 * An explanation, written.
 *
 * @throws PaudeError `report-format-invalid` for SARIF, which has results and no explanations.
 */
export function renderExplanation(explanation: HostExplanation, options: ReportOptions): string {
  const { format, version, styles = PLAIN_STYLES } = options;
  const document = explanationDocument(explanation, version);
  switch (format) {
    case 'text':
      return explanationText(document, styles);
    case 'json':
      return json(document);
    case 'markdown':
      return explanationMarkdown(document);
    case 'sarif':
      throw new PaudeError('report-format-invalid', {
        action: 'write the explanation as',
        input: format,
        why: 'SARIF is for findings, and an explanation has none',
        remedy: 'Write text, json or markdown',
      });
  }
}

function json(document: unknown): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}
