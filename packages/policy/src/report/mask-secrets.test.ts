import { describe, expect, it } from 'vitest';
import { maskSecrets, maskValue } from './mask-secrets.ts';

describe('maskSecrets()', () => {
  it.each([
    ['proxy:http://user:secret@host:1/x', 'proxy:http://[masked]@host:1/x'],
    ['https://token@host', 'https://[masked]@host'],
    ['Authorization: Bearer abcdefgh12345', 'Authorization: Bearer [masked]'],
    ['https://h/?token=abc&x=1', 'https://h/?token=[masked]&x=1'],
    ['ghp_0123456789abcdef', '[masked]'],
    ['at sk-ant-0123456789', 'at [masked]'],
    ['eyJhbGciOiJIUzI1.eyJzdWIiOiIx.abc', '[masked]'],
    ['-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----', '[masked]'],
    // What is no secret stays
    ['user@example.com', 'user@example.com'],
    ['https://example.com/@scope/x', 'https://example.com/@scope/x'],
    ['~^api-\\d+\\.example\\.com$', '~^api-\\d+\\.example\\.com$'],
    ['NetworkPolicy/basic policy', 'NetworkPolicy/basic policy'],
    ['task-12345678.example.com', 'task-12345678.example.com'],
  ])('%j becomes %j', (text, expected) => {
    expect(maskSecrets(text)).toBe(expected);
  });

  it('takes no longer on text that almost is a secret', () => {
    const start = performance.now();
    for (const text of ['a'.repeat(200_000), 'x://'.repeat(50_000), '-----BEGIN '.repeat(20_000)])
      maskSecrets(text);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

describe('maskValue()', () => {
  it('masks every text, and drops what is undefined', () => {
    expect(maskValue({ a: ['ftp://u:p@h', 1, null], b: { c: true, d: undefined } })).toEqual({
      a: ['ftp://[masked]@h', 1, null],
      b: { c: true },
    });
  });
});
