import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { blockedDomains } from './blocked-domains.ts';

const event = (host: string, more: object = {}) => ({
  time: '2031-05-04T12:00:00.000Z',
  event: 'decision',
  host,
  port: 443,
  decision: 'deny',
  reason: 'not-listed',
  ...more,
});

const read = (...lines: readonly (object | string)[]) =>
  blockedDomains(
    Readable.from(lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`)),
  );

describe('blockedDomains()', () => {
  it('counts denials by host, port and reason, the most often first', async () => {
    const later = { time: '2031-05-04T12:00:05.000Z' };
    const found = await read(
      event('a.test'),
      event('b.test'),
      event('b.test', later),
      event('b.test', { port: 22, reason: 'port-not-allowed' }),
    );
    expect(found.map(({ host, port, reason, count }) => [host, port, reason, count])).toEqual([
      ['b.test', 443, 'not-listed', 2],
      ['a.test', 443, 'not-listed', 1],
      ['b.test', 22, 'port-not-allowed', 1],
    ]);
    expect(found[0]?.lastMs).toBe(Date.parse(later.time));
  });

  it('passes over what is no denial, and half a line', async () => {
    const allowed = event('a.test', { decision: 'allow', reason: 'allowed-by-rule' });
    expect(await read(allowed, event(''), { event: 'policy-changed' }, '{"decision":"deny","ho')).toEqual([]);
  });

  it('keeps no more than ten thousand of what a session made up', async () => {
    const many = Array.from({ length: 10_100 }, (_, index) => event(`n${index}.test`));
    expect(await read(...many)).toHaveLength(10_000);
  });
});
