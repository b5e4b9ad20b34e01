import { describe, expect, it } from 'vitest';
import { explain, parseAllowlistFile, parseHost } from './index.ts';

describe('explain()', () => {
  it('shows every rule that matches the host, also those that do not decide', () => {
    const allowlist = parseAllowlistFile(
      `
      - .example.com:8443
      - { deny: a.example.com, expires: 2030-01-01 }
      - "*-x.example.com"
      - { allow: "*.example.com", expires: 2030-01-01 }
      - a.example.com
      - .example.org
      `,
      { path: 'x.yaml' },
    );
    const at = (atMs: number) =>
      explain(allowlist, { host: parseHost('a.example.com'), port: 443 }, { atMs });
    expect(at(Date.parse('2031-01-01')).decision).toMatchObject({
      result: 'allow',
      rule: { text: 'a.example.com' },
    });
    expect(
      at(Date.parse('2031-01-01')).matches.map(({ rule, isForPort, isExpired }) => [
        rule.text,
        isForPort,
        isExpired,
      ]),
    ).toEqual([
      ['.example.com:8443', false, false],
      ['!a.example.com', true, true],
      ['*.example.com', true, true],
      ['a.example.com', true, false],
    ]);
    expect(at(0).decision).toMatchObject({ result: 'deny', reason: 'denied-by-rule' });
  });
});
