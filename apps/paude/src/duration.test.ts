import { describe, expect, it } from 'vitest';
import { formatDuration, parseCount, parseDuration } from './duration.ts';

describe('parseDuration()', () => {
  it.each([
    ['500ms', 500],
    ['10s', 10_000],
    ['10', 10_000],
    ['1.5s', 1500],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['0', 0],
  ])('reads %s as %i ms', (text, durationMs) => {
    expect(parseDuration(text)).toBe(durationMs);
  });

  it.each(['', 's', '5x', '-1s', '1e3', '5 s', '1h30m', 'NaN'])('refuses %j', (text) => {
    expect(() => parseDuration(text)).toThrow(
      `Cannot read the duration ${JSON.stringify(text)}: it is not a number with a unit. Write it as in 500ms, 10s, 5m or 1h.`,
    );
  });

  it('refuses what a timer cannot wait for', () => {
    expect(() => parseDuration('1000h')).toThrow('it is longer than 24 days');
  });
});

describe('formatDuration()', () => {
  it.each(['500ms', '1500ms', '15s', '90s', '5m', '1h'])('writes %s back', (text) => {
    expect(formatDuration(parseDuration(text))).toBe(text);
  });
});

describe('parseCount()', () => {
  it('reads a whole number', () => {
    expect(parseCount('4096')).toBe(4096);
  });

  it.each(['0', '-1', '1.5', 'x', '', '1e3', '99999999999'])('refuses %j', (text) => {
    expect(() => parseCount(text)).toThrow('it is not a whole number of at least 1');
  });
});
