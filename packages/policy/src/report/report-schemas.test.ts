import { readFileSync } from 'node:fs';
import { parseWords } from '@paude/allowlist';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { auditPolicy } from '../audit/audit-policy.ts';
import { diffSources } from '../diff/diff-sources.ts';
import { DIFF_CHANGES } from '../diff/row.ts';
import type { Source } from '../diff/source.ts';
import { renderAudit, renderDiff, renderExplanation } from './render-report.ts';
import { auditSchema, diffSchema, explanationSchema } from './report-schemas.ts';
import { hostileAudit, hostileDiff, hostileExplanation } from './testing/hostile-report.ts';

const options = { format: 'json', version: '1.2.3' } as const;

const words = (...list: string[]): Source => ({
  name: list.join(),
  kind: 'words',
  allowlist: parseWords(list),
});

const SCHEMAS = [
  ['policy-diff', diffSchema, renderDiff(hostileDiff(), options)],
  ['policy-diff', diffSchema, renderDiff(diffSources(words('a.com'), words('a.com'), { atMs: 0 }), options)],
  ['policy-audit', auditSchema, renderAudit(hostileAudit(), options)],
  [
    'policy-audit',
    auditSchema,
    renderAudit(auditPolicy({ allowed: words('a.com'), enforced: words() }, { atMs: 0 }), options),
  ],
  ['policy-explanation', explanationSchema, renderExplanation(hostileExplanation(), options)],
] as const;

const published = (schema: z.ZodType) => z.toJSONSchema(schema, { target: 'draft-2020-12' });

describe('the JSON of reports', () => {
  it.each(SCHEMAS)('the published schema of %s is that of the code', (name, schema) => {
    const path = new URL(`../../../../docs/schemas/${name}.schema.json`, import.meta.url);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(JSON.parse(JSON.stringify(published(schema))));
  });

  it.each(SCHEMAS)('a report is what the schema of %s promises', (_, schema, report) => {
    const ajv = new Ajv2020({ strict: true, allErrors: true, validateFormats: false });
    const validate = ajv.compile(published(schema));
    validate(JSON.parse(report));
    expect(validate.errors).toBeNull();
    expect(schema.safeParse(JSON.parse(report)).error).toBeUndefined();
  });

  it('a report that lacks what is promised, or has more, is found', () => {
    const validate = new Ajv2020({ validateFormats: false }).compile(published(diffSchema));
    const { same, ...rest } = JSON.parse(renderDiff(hostileDiff(), options)) as Record<string, unknown>;
    expect(validate(rest)).toBe(false);
    expect(validate({ ...rest, same, extra: 1 })).toBe(false);
    expect(validate({ ...rest, same })).toBe(true);
  });

  it('has rows of every kind to be tested on', () => {
    const changes = new Set([...hostileDiff().rows, ...hostileAudit().findings].map(({ change }) => change));
    expect([...changes].sort()).toEqual([...DIFF_CHANGES].sort());
  });
});
