import { parseAllowlistFile, parseWords } from '@paude/allowlist';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { diffSources } from '../diff/diff-sources.ts';
import { renderAudit, renderDiff } from './render-report.ts';
import { hostileAudit, hostileDiff } from './testing/hostile-report.ts';

const options = { format: 'sarif', version: '1.2.3' } as const;

const text = { type: 'object', required: ['text'], properties: { text: { type: 'string', minLength: 1 } } };

/** What SARIF 2.1.0 asks of the objects that we write, from its schema: names, types, what must be there, and nothing else. */
const ESSENTIAL = {
  type: 'object',
  required: ['version', 'runs'],
  additionalProperties: false,
  properties: {
    $schema: { type: 'string' },
    version: { const: '2.1.0' },
    runs: {
      type: 'array',
      items: {
        type: 'object',
        required: ['tool', 'results'],
        additionalProperties: false,
        properties: {
          columnKind: { enum: ['utf16CodeUnits', 'unicodeCodePoints'] },
          tool: {
            type: 'object',
            required: ['driver'],
            additionalProperties: false,
            properties: {
              driver: {
                type: 'object',
                required: ['name'],
                additionalProperties: false,
                properties: {
                  name: { type: 'string' },
                  version: { type: 'string' },
                  rules: {
                    type: 'array',
                    uniqueItems: true,
                    items: {
                      type: 'object',
                      required: ['id'],
                      additionalProperties: false,
                      properties: { id: { type: 'string' }, shortDescription: text },
                    },
                  },
                },
              },
            },
          },
          results: {
            type: 'array',
            items: {
              type: 'object',
              required: ['message', 'ruleId', 'level'],
              additionalProperties: false,
              properties: {
                ruleId: { type: 'string' },
                ruleIndex: { type: 'integer', minimum: 0 },
                level: { enum: ['none', 'note', 'warning', 'error'] },
                message: text,
                partialFingerprints: { type: 'object', additionalProperties: { type: 'string' } },
                properties: { type: 'object' },
                locations: {
                  type: 'array',
                  items: {
                    type: 'object',
                    additionalProperties: false,
                    properties: {
                      physicalLocation: {
                        type: 'object',
                        required: ['artifactLocation'],
                        additionalProperties: false,
                        properties: {
                          artifactLocation: {
                            type: 'object',
                            required: ['uri'],
                            additionalProperties: false,
                            properties: {
                              uri: { type: 'string', pattern: "^[A-Za-z0-9\\-._~:/?#@!$&'()*+,;=%]+$" },
                            },
                          },
                          region: {
                            type: 'object',
                            required: ['startLine'],
                            additionalProperties: false,
                            properties: { startLine: { type: 'integer', minimum: 1 } },
                          },
                        },
                      },
                      logicalLocations: {
                        type: 'array',
                        items: {
                          type: 'object',
                          additionalProperties: false,
                          properties: { fullyQualifiedName: { type: 'string' }, kind: { type: 'string' } },
                        },
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
};

interface Result {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly level: string;
  readonly message: { readonly text: string };
  readonly locations: readonly unknown[];
  readonly partialFingerprints: Readonly<Record<string, string>>;
}

const resultsOf = (sarif: string): Result[] =>
  (JSON.parse(sarif) as { runs: { results: Result[] }[] }).runs.flatMap(({ results }) => results);

describe('SARIF', () => {
  it.each([
    ['a diff', () => renderDiff(hostileDiff(), options)],
    ['an audit', () => renderAudit(hostileAudit(), options)],
  ])('of %s is what SARIF 2.1.0 asks for', (_, render) => {
    const validate = new Ajv2020({ allErrors: true }).compile(ESSENTIAL);
    validate(JSON.parse(render()));
    expect(validate.errors).toBeNull();
    const log = JSON.parse(render()) as { runs: { tool: { driver: { rules: { id: string }[] } } }[] };
    const ids = log.runs[0]?.tool.driver.rules.map(({ id }) => id);
    for (const { ruleId, ruleIndex } of resultsOf(render())) expect(ids?.[ruleIndex]).toBe(ruleId);
  });

  const changed = (text: string, path = 'policies/allow list.yaml') =>
    resultsOf(
      renderDiff(
        diffSources(
          { name: 'a.com', kind: 'words', allowlist: parseWords(['a.com']) },
          { name: path, kind: 'file', allowlist: parseAllowlistFile(text, { path }) },
          { atMs: 0 },
        ),
        options,
      ),
    );

  it('says where it stands, and how bad it is', () => {
    expect(changed('- a.com\n- webhook.site\n')).toEqual([
      expect.objectContaining({
        ruleId: 'rule-added',
        level: 'error',
        locations: [
          {
            physicalLocation: {
              artifactLocation: { uri: 'policies/allow%20list.yaml' },
              region: { startLine: 2 },
            },
          },
        ],
      }),
    ]);
  });

  it('has the same fingerprint when the line moves, and another for another rule', () => {
    const print = (text: string) => changed(text)[0]?.partialFingerprints['paudePolicy/v1'];
    expect(print('- a.com\n- webhook.site\n')).toBe(print('- a.com\n\n# x\n- webhook.site\n'));
    expect(print('- a.com\n- webhook.site\n')).not.toBe(print('- a.com\n- other.example.com\n'));
    expect(print('- a.com\n- webhook.site\n')).toMatch(/^[\da-f]{16}$/);
  });

  it('makes no link and no placeholder of what came from anywhere', () => {
    const messages = resultsOf(renderDiff(hostileDiff(), options)).map(({ message }) => message.text);
    const link = messages.find((message) => message.includes('click'));
    expect(link).toContain('\\[click\\]');
    expect(messages.find((message) => message.includes('{{0}}'))).toBeDefined();
    for (const message of messages) expect(message).not.toMatch(/(?<!\\)[[\]]|(?<!\{)\{\d+\}(?!\})/);
  });
});
