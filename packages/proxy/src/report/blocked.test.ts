import { describe, expect, it } from 'vitest';
import type { AuditEvent } from './audit.ts';
import { BlockedTargets } from './blocked.ts';

const denied = (host: string, changes: Partial<AuditEvent> = {}): AuditEvent => ({
  event: 'decision',
  id: 'x',
  client: '192.0.2.1',
  session: undefined,
  method: 'CONNECT',
  host,
  port: 443,
  decision: 'deny',
  reason: 'not-listed',
  ...changes,
});

describe('BlockedTargets', () => {
  it('counts each target once, most often blocked first, with the last reason', () => {
    const blocked = new BlockedTargets();
    blocked.add(denied('b.test'));
    blocked.add(denied('a.test'));
    blocked.add(denied('c.test'));
    blocked.add(denied('c.test', { reason: 'denied-by-rule', rule: '!c.test' }));
    expect(blocked.list()).toMatchObject([
      { host: 'c.test', port: 443, count: 2, reason: 'denied-by-rule', rule: '!c.test', reportOnly: false },
      { host: 'a.test', count: 1 },
      { host: 'b.test', count: 1 },
    ]);
    const [{ firstMs = 0, lastMs = 0 } = {}] = blocked.list();
    expect(firstMs).toBeLessThanOrEqual(lastMs);
  });

  it('tells ports apart', () => {
    const blocked = new BlockedTargets();
    blocked.add(denied('a.test'));
    blocked.add(denied('a.test', { port: 80 }));
    expect(blocked.list()).toHaveLength(2);
  });

  it('takes what report-only let pass, but neither what was allowed nor what had no target', () => {
    const blocked = new BlockedTargets();
    blocked.add(denied('a.test', { decision: 'allow', reportOnly: true }));
    blocked.add(denied('b.test', { decision: 'allow' }));
    blocked.add(denied(''));
    expect(blocked.list()).toMatchObject([{ host: 'a.test', reportOnly: true }]);
  });

  it('keeps the most recent ones and no more', () => {
    const blocked = new BlockedTargets(3);
    for (let index = 0; index < 1000; index++) blocked.add(denied(`h${index}.test`));
    expect(blocked.list().map(({ host }) => host)).toEqual(['h997.test', 'h998.test', 'h999.test']);
  });
});
