import { describe, expect, it } from 'vitest';
import type { AuditEvent } from './audit.ts';
import {
  COLOURS,
  formatBlocked,
  formatPretty,
  formatSquid,
  type LogLine,
  NO_COLOURS,
} from './format-line.ts';

const time = '2031-05-06T07:08:09.012Z';
const base = {
  time,
  level: 'info',
  id: 'x-1',
  client: '192.0.2.9',
  session: 'dev',
  method: 'CONNECT',
} as const;
const target = { host: 'a.test', port: 443 };
const allowed: LogLine = {
  ...base,
  ...target,
  event: 'decision',
  decision: 'allow',
  reason: 'allowed-by-rule',
  rule: '.test',
};
const denied: LogLine = { ...base, ...target, event: 'decision', decision: 'deny', reason: 'not-listed' };
const closed: LogLine = {
  ...base,
  ...target,
  event: 'close',
  decision: 'allow',
  reason: 'client-closed',
  address: '198.51.100.7',
  status: 200,
  bytesUp: 999,
  bytesDown: 1_234_567,
  durationMs: 61_234.5,
};

describe('formatPretty()', () => {
  it.each<[string, LogLine, string]>([
    ['an allow', allowed, '07:08:09 ALLOW CONNECT a.test:443  (rule .test) 192.0.2.9 dev\n'],
    ['a deny', denied, '07:08:09 DENY  CONNECT a.test:443  not-listed 192.0.2.9 dev\n'],
    [
      'a deny that report-only let pass',
      { ...denied, decision: 'allow', reportOnly: true },
      '07:08:09 WOULD DENY CONNECT a.test:443  not-listed 192.0.2.9 dev\n',
    ],
    [
      'a deny without a target',
      { ...denied, host: '', port: 0, reason: 'bad-target', detail: 'it is empty' },
      '07:08:09 DENY  CONNECT -  bad-target (it is empty) 192.0.2.9 dev\n',
    ],
    [
      'an end',
      closed,
      '07:08:09 close CONNECT a.test:443  client-closed, 999 B up, 1.2 MB down, 61.2 s 192.0.2.9 dev\n',
    ],
    [
      'a cut',
      {
        ...closed,
        decision: 'deny',
        reason: 'ech',
        rule: '.test',
        detail: 'why',
        bytesDown: 0,
        durationMs: 12.4,
      },
      '07:08:09 CUT   CONNECT a.test:443  ech, 999 B up, 0 B down, 12 ms (rule .test, why) 192.0.2.9 dev\n',
    ],
    [
      'an IPv6 target and a client without a session',
      { ...denied, host: '2001:db8::1', session: '' },
      '07:08:09 DENY  CONNECT [2001:db8::1]:443  not-listed 192.0.2.9\n',
    ],
    ['a notice', { time, level: 'info', msg: 'Stopped' }, '07:08:09 Stopped\n'],
  ])('writes %s on one line', (_what, line, expected) => {
    expect(formatPretty(line, NO_COLOURS)).toBe(expected);
  });

  it('colours what was refused, and nothing where there are no colours', () => {
    expect(formatPretty(denied, COLOURS)).toContain('\u001b[31mDENY \u001b[0m');
    expect(formatPretty(allowed, COLOURS)).toContain('\u001b[32mALLOW\u001b[0m');
    expect(formatPretty(denied, NO_COLOURS)).not.toContain('\u001b');
  });
});

describe('formatSquid()', () => {
  it.each<[string, LogLine, string]>([
    [
      'a tunnel that ended',
      closed,
      '1935817689.012  61235 192.0.2.9 TCP_TUNNEL/200 1234567 CONNECT a.test:443 dev HIER_DIRECT/198.51.100.7 -\n',
    ],
    [
      'a plain request, without path and query',
      { ...closed, method: 'GET', port: 80, durationMs: 4 },
      '1935817689.012      4 192.0.2.9 TCP_MISS/200 1234567 GET http://a.test:80/ dev HIER_DIRECT/198.51.100.7 -\n',
    ],
    [
      'a deny',
      denied,
      '1935817689.012      0 192.0.2.9 TCP_DENIED/403 0 CONNECT a.test:443 dev HIER_NONE/- -\n',
    ],
    [
      'a request that was none',
      { ...denied, host: '', port: 0, method: '', client: '', reason: 'request-timeout', session: undefined },
      '1935817689.012      0 - TCP_DENIED/408 0 - - - HIER_NONE/- -\n',
    ],
  ])('writes %s', (_what, line, expected) => {
    expect(formatSquid(line)).toBe(expected);
  });

  it.each<[string, LogLine]>([
    ['an allow, which ends later', allowed],
    ['a notice', { time, level: 'info', msg: 'Stopped' }],
  ])('writes nothing for %s', (_what, line) => {
    expect(formatSquid(line)).toBeUndefined();
  });
});

describe('formatBlocked()', () => {
  const event: AuditEvent = { ...base, ...target, event: 'decision', decision: 'deny', reason: 'not-listed' };
  const now = new Date(time);

  it.each<[Partial<AuditEvent>, string]>([
    [{}, '192.0.2.9 TCP_DENIED/403 CONNECT a.test:443 BLOCKED'],
    [{ method: 'GET', port: 80 }, '192.0.2.9 TCP_DENIED/403 GET http://a.test:80/ BLOCKED'],
    [{ method: '', host: '', port: 0, client: '', reason: 'bad-request' }, '- TCP_DENIED/400 - - BLOCKED'],
    [{ reason: 'auth-required' }, '192.0.2.9 TCP_DENIED/407 CONNECT a.test:443 BLOCKED'],
    [{ reason: 'client-closed' }, '192.0.2.9 TCP_DENIED/403 CONNECT a.test:443 BLOCKED'],
  ])('%j: %s', (changes, expected) => {
    expect(formatBlocked({ ...event, ...changes }, now)).toBe(`06/May/2031:07:08:09 +0000 ${expected}\n`);
  });
});
