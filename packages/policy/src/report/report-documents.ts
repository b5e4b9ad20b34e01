import type { z } from 'zod';
import type { AuditReport } from '../audit/audit-policy.ts';
import type { HostExplanation } from '../audit/explain-host.ts';
import type { PolicyDiff } from '../diff/diff-sources.ts';
import type { DiffRow } from '../diff/row.ts';
import { maskValue } from './mask-secrets.ts';
import type { auditSchema, diffSchema, explanationSchema } from './report-schemas.ts';

/** A diff as JSON; every other format is written from it. */
export type DiffDocument = z.infer<typeof diffSchema>;

/** An audit as JSON. */
export type AuditDocument = z.infer<typeof auditSchema>;

/** An explanation as JSON. */
export type ExplanationDocument = z.infer<typeof explanationSchema>;

/** A row as JSON. */
export type RowDocument = DiffDocument['differences'][number];

/** The diff as a document: secrets masked, times as text. */
export function diffDocument(diff: PolicyDiff, version: string): DiffDocument {
  const { from, to, same, summary, rows } = diff;
  return maskValue<DiffDocument>({
    document: 'policy-diff',
    version: 1,
    tool: { name: 'paude', version },
    from,
    to,
    same,
    summary,
    differences: rows.map(rowDocument),
  });
}

/** The audit as a document. */
export function auditDocument(report: AuditReport, version: string): AuditDocument {
  const { allowed, enforced, used, same, summary, rules, findings } = report;
  return maskValue<AuditDocument>({
    document: 'policy-audit',
    version: 1,
    tool: { name: 'paude', version },
    allowed,
    enforced,
    ...(used === undefined ? {} : { used }),
    same,
    summary,
    rules: rules.map(({ use, layers, ...rest }) => ({
      ...rest,
      layers: layers.map((layer) => ({ ...layer, objects: [...layer.objects] })),
      ...(use === undefined
        ? {}
        : { use: { count: use.count, targets: use.targets, ...lastSeen(use.lastMs) } }),
    })),
    findings: findings.map(rowDocument),
  });
}

/** The explanation as a document. */
export function explanationDocument(explanation: HostExplanation, version: string): ExplanationDocument {
  const { host, port, verdict, why, steps } = explanation;
  return maskValue<ExplanationDocument>({
    document: 'policy-explanation',
    version: 1,
    tool: { name: 'paude', version },
    host,
    port,
    verdict,
    why,
    steps: [...steps],
  });
}

function rowDocument({ lastMs, ports, ...rest }: DiffRow): RowDocument {
  return { ...rest, ports: [...ports], ...lastSeen(lastMs) };
}

/** A log can say any number; what is no time is left out. */
function lastSeen(ms: number | undefined): { lastSeen?: string } {
  const date = new Date(ms ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? {} : { lastSeen: date.toISOString() };
}
