import { describe, expect, it } from 'vitest';
import { nearest, PaudeError, quoteInput } from './index.ts';

describe('PaudeError', () => {
  it('builds its message in the one grammar', () => {
    const error = new PaudeError('pattern-invalid', {
      action: 'read the pattern',
      input: '*.com',
      why: 'it would match every .com host',
      remedy: 'Name at least two labels after the wildcard',
    });
    expect(error.message).toBe(
      'Cannot read the pattern "*.com": it would match every .com host. Name at least two labels after the wildcard.',
    );
    expect(error.code).toBe('pattern-invalid');
  });

  it('leaves the input out when there is none, and keeps the cause', () => {
    const cause = new Error('EADDRINUSE');
    const error = new PaudeError('listen-failed', { action: 'listen', why: 'x', remedy: 'Do y', cause });
    expect(error.message).toBe('Cannot listen: x. Do y.');
    expect(error.cause).toBe(cause);
    expect(error.toJSON()).toEqual({
      code: 'listen-failed',
      message: 'Cannot listen: x. Do y.',
      why: 'x',
      remedy: 'Do y',
    });
  });
});

describe('quoteInput()', () => {
  it('escapes what could forge a log line or drive a terminal', () => {
    expect(quoteInput('a\r\nb\u001b[31m"\\')).toBe('"a\\u000d\\u000ab\\u001b[31m\\"\\\\"');
    expect(quoteInput('evil\u202egpj.exe')).toBe('"evil\\u202egpj.exe"');
    expect(quoteInput('\ud800')).toBe('"\\ud800"');
  });

  it('cuts what is too long', () => {
    expect(quoteInput('x'.repeat(5000)).length).toBeLessThan(210);
  });
});

describe('nearest()', () => {
  it.each([
    ['pyhton', 'python'],
    ['githb', 'github'],
    ['GOLANG', 'golang'],
  ])('finds %s to be meant as %s', (word, expected) => {
    expect(nearest(word, ['golang', 'github', 'python'])).toBe(expected);
  });

  it('suggests nothing when nothing is near', () => {
    expect(nearest('kubernetes', ['golang', 'github', 'python'])).toBeUndefined();
  });
});
