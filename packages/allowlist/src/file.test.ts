import { PaudeError } from '@paude/errors';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAllowlistFile, parseWords } from './index.ts';

const read = (text: string) => parseAllowlistFile(text, { path: 'allow.yaml' });

describe('parseAllowlistFile()', () => {
  it('reads words and entries, in order, with where they stand', () => {
    const { rules } = read(`# what the agent may reach
version: 1
rules:
  - .example.com
  - "!bad.example.com"

  - allow: "*.example.org"
    ports: [8443, 443]
    reason: the partner's API
    expires: 2031-12-31
    tls: any
  - deny: evil.example.org
    ports: 22
  - { allow: "{a,b}.example.net", ports: "*", expires: 2031-12-31T18:00:00+02:00 }
  - ~^api-\\d+\\.example\\.com$
`);
    expect(rules.map(({ text, source }) => [text, source.line])).toEqual([
      ['.example.com', 4],
      ['!bad.example.com', 5],
      ['*.example.org:{443,8443}', 7],
      ['!evil.example.org:22', 12],
      ['a.example.net:*', 14],
      ['b.example.net:*', 14],
      ['~^api-\\d+\\.example\\.com$', 15],
    ]);
    expect(rules[2]).toEqual({
      text: '*.example.org:{443,8443}',
      effect: 'allow',
      pattern: { kind: 'one-label', name: 'example.org' },
      ports: [443, 8443],
      tls: 'any',
      reason: "the partner's API",
      expiresAtMs: Date.parse('2032-01-01T00:00:00Z'),
      source: { word: '*.example.org', file: 'allow.yaml', line: 7 },
    });
    expect(rules[4]?.expiresAtMs).toBe(Date.parse('2031-12-31T16:00:00Z'));
  });

  it.each([
    ['a list alone', '- a.com\n- b.com\n'],
    ['JSON', '{"version": 1, "rules": ["a.com", {"allow": "b.com"}]}'],
    ['JSON, a list alone', '["a.com", "b.com"]'],
    ['with a byte order mark and CRLF', '\ufeffrules:\r\n  - a.com\r\n  - b.com\r\n'],
    ['with a document start', '---\nrules: [a.com, b.com]\n...\n'],
  ])('reads %s', (_, text) => {
    expect(read(text).rules.map((rule) => rule.text)).toEqual(['a.com', 'b.com']);
  });

  it('takes aliases, the agent and extra ports', () => {
    const list = parseAllowlistFile('- default\n- deny: github\n', {
      path: 'x',
      agent: 'codex',
      extraPorts: [8443],
    });
    expect(list.defaultPorts).toEqual([80, 443, 8443]);
    expect(list.rules.map(({ text }) => text)).toEqual(
      parseWords(['default', '!github'], { agent: 'codex' }).rules.map(({ text }) => text),
    );
    expect(list.rules.at(-1)?.source).toEqual({ word: '!github', alias: 'github', file: 'x', line: 2 });
  });

  it('an entry says more than its alias on why, and for how long', () => {
    const { rules } = read('- { allow: python, reason: build, expires: 2031-01-01 }');
    expect(rules.every(({ reason, expiresAtMs }) => reason === 'build' && expiresAtMs !== undefined)).toBe(
      true,
    );
  });

  it('an empty list allows nothing', () => {
    expect(read('rules: []').rules).toEqual([]);
    expect(read('[]').rules).toEqual([]);
  });

  it.each([
    ['', 'file-invalid', '"allow.yaml": it is empty. Write one list, or rules: [] to allow nothing'],
    ['# nothing\n', 'file-invalid', 'it is empty'],
    ['rules: []\n---\nrules: []\n', 'file-invalid', 'it holds several documents'],
    ['a.com', 'file-invalid', 'it is neither a list nor has it a list under rules'],
    ['rules: a.com', 'file-invalid', 'rules takes a list of words and entries'],
    ['rules:', 'file-invalid', 'rules takes a list of words and entries'],
    ['rule: []', 'file-invalid', 'there is no key "rule". Write rules'],
    ['version: 2\nrules: []', 'file-invalid', 'version takes 1'],
    ['- a.com\n- alow: b.com\n', 'file-invalid', '"allow.yaml:2": there is no key "alow". Write allow'],
    [
      '- a.com\n- allow: b.com\n  until: 2031-01-01\n',
      'file-invalid',
      '"allow.yaml:2": there is no key "until"',
    ],
    ['- allow: a.com\n  deny: b.com\n', 'file-invalid', 'one of allow and deny'],
    ['- ports: 443\n', 'file-invalid', 'one of allow and deny'],
    ['- allow: "!a.com"\n', 'file-invalid', 'a word without !. Write deny: a.com'],
    ['- deny: a.com\n  tls: any\n', 'file-invalid', 'Remove it from the deny'],
    ['- allow: a.com\n  ports: [0]\n', 'file-invalid', 'ports takes a port from 1 to 65535'],
    ['- allow: a.com\n  ports: []\n', 'file-invalid', 'ports takes'],
    ['- allow: a.com\n  ports: "443"\n', 'file-invalid', 'ports takes'],
    ['- allow: a.com:80\n  ports: 443\n', 'pattern-invalid', 'Name the ports in one of the two places'],
    ['- allow: a.com\n  expires: 2031-02-30\n', 'file-invalid', 'expires takes a date'],
    ['- allow: a.com\n  expires: tomorrow\n', 'file-invalid', 'expires takes a date'],
    ['- allow: a.com\n  expires: 2031-01-01T10:00:00\n', 'file-invalid', 'expires takes a date'],
    ['- allow: a.com\n  tls: none\n', 'file-invalid', 'tls takes sni or any'],
    ['- allow: a.com\n  reason: "a\\nb"\n', 'file-invalid', 'reason takes one line'],
    ['- allow: 5\n', 'file-invalid', 'allow takes a word'],
    ['- 5\n', 'file-invalid', 'neither a word nor an entry'],
    [
      '- a.com\n- [2001:db8::1]\n',
      'file-invalid',
      '"allow.yaml:2": it is neither a word nor an entry (what begins with [ or { needs quotes)',
    ],
    ['- a.com\n-\n', 'file-invalid', 'neither a word nor an entry'],
    ['- a.com\n\n- "*.com"\n', 'pattern-invalid', 'Cannot read the pattern at allow.yaml:3 "*.com"'],
    ['- pyhton\n', 'pattern-invalid', 'Did you mean python?'],
    ['- ~^a\n', 'expression-invalid', 'Cannot read the expression at allow.yaml:1'],
    // What YAML would read in its own way
    [
      '- a.com\n- *.example.com\n',
      'file-invalid',
      '"allow.yaml:2": *.example.com is an alias in YAML. Put quotes around',
    ],
    ['- !bad.example.com\n', 'file-invalid', 'is a tag in YAML. Write deny: bad.example.com, or put quotes'],
    ['- !!str a.com\n', 'file-invalid', 'is a tag in YAML'],
    ['- &a a.com\n- *a\n', 'file-invalid', '&a is an anchor in YAML'],
    ['rules: &a\n  - a.com\n', 'file-invalid', 'is an anchor in YAML'],
    ['- {a,b}.example.com\n', 'file-invalid', 'it is not YAML'],
    [
      'rules:\n- a.com\nrules:\n- b.com\n',
      'file-invalid',
      '"allow.yaml:3": it is not YAML (duplicated mapping key)',
    ],
    ['{"rules": [], "rules": []}', 'file-invalid', 'duplicated mapping key'],
    ['- {allow: a.com, allow: b.com}\n', 'file-invalid', 'duplicated mapping key'],
    ['{"rules": ["a.com"', 'file-invalid', 'it is not YAML'],
    ['rules:\n\t- a.com', 'file-invalid', 'it is not YAML'],
    [`${'['.repeat(5000)}`, 'file-invalid', 'it is not YAML'],
  ])('refuses %j', (text, code, message) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code }));
    expect(() => read(text)).toThrow(message);
  });

  it('throws nothing but PaudeError, whatever the text', () => {
    const nearFile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.string({ unit: fc.constantFrom(...'-: \n[]{}"\'!&*#|>%@,allowrules.com\t'), maxLength: 120 }),
      fc.json(),
    );
    fc.assert(
      fc.property(nearFile, (text) => {
        try {
          read(text);
        } catch (error) {
          expect(error).toBeInstanceOf(PaudeError);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('reads a hundred thousand rules in a bounded time', () => {
    const words = Array.from({ length: 100_000 }, (_, index) => `.x${index}.example.com`);
    const start = performance.now();
    const { rules } = read(`rules:\n${words.map((word) => `  - ${word}\n`).join('')}`);
    expect(rules.at(-1)).toMatchObject({ text: '.x99999.example.com', source: { line: 100_001 } });
    expect(performance.now() - start).toBeLessThan(3000);
  });
});
