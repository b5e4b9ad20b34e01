import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAuditLine } from './audit-line.ts';
import { UsageCollector } from './usage-collector.ts';
import { UsageReader } from './usage-reader.ts';

const line = (fields: object) =>
  JSON.stringify({
    level: 'info',
    time: '2031-05-04T12:00:00.123Z',
    event: 'decision',
    id: 'k3x9q-1',
    client: '10.0.0.5',
    method: 'CONNECT',
    host: 'api.example.com',
    port: 443,
    decision: 'allow',
    reason: 'allowed-by-rule',
    rule: 'api.example.com',
    ...fields,
  });

const usageOf = (text: string, pieces: readonly number[] = [], maxEntries = 100_000) => {
  const collector = new UsageCollector({ maxEntries });
  const reader = new UsageReader(collector);
  const bytes = new TextEncoder().encode(text);
  let start = 0;
  for (const piece of pieces) {
    reader.push(bytes.subarray(start, start + piece));
    start += piece;
  }
  reader.push(bytes.subarray(start));
  reader.end();
  return collector.usage();
};

const LOG = [
  line({}),
  line({
    event: 'close',
    reason: 'client-closed',
    bytesUp: 10,
    bytesDown: 200,
    time: '2031-05-04T12:00:09.000Z',
  }),
  line({ host: 'evil.example', decision: 'deny', reason: 'not-listed', rule: undefined }),
  line({ host: 'later.example', decision: 'allow', reason: 'not-listed', reportOnly: true, rule: undefined }),
  line({ event: 'close', decision: 'deny', reason: 'sni-mismatch', bytesUp: 1, bytesDown: 2 }),
  '{"level":"info","time":"2031-05-04T12:00:00.123Z","event":"stopped","drained":true,"msg":"stopped"}',
  'Müll, der kein JSON ist',
  '04/May/2031:12:00:02 +0000 10.0.0.5 TCP_DENIED/403 CONNECT old.example:443 BLOCKED',
  '1935835202.789    120 10.0.0.5 TCP_TUNNEL/200 5120 CONNECT squid.example:8443 - HIER_DIRECT/192.0.2.7 -',
  '1935835203.000      0 10.0.0.5 TCP_DENIED/403 0 GET http://plain.example/path - HIER_NONE/- -',
  line({ port: 70_000 }),
  line({ host: '', port: 0, decision: 'deny', reason: 'bad-target' }),
].join('\n');

describe('UsageReader', () => {
  it('adds up what was decided, moved and cut, by host and port', () => {
    const { targets, lines, unreadable, overflow } = usageOf(LOG);
    expect({ lines, unreadable, overflow }).toEqual({ lines: 10, unreadable: 2, overflow: 0 });
    expect(targets.map(({ host, port }) => `${host}:${port}`)).toEqual([
      'api.example.com:443',
      'evil.example:443',
      'later.example:443',
      'old.example:443',
      'plain.example:80',
      'squid.example:8443',
    ]);
    expect(targets[0]).toEqual({
      host: 'api.example.com',
      port: 443,
      allowed: 1,
      denied: 0,
      wouldDeny: 0,
      bytesUp: 11,
      bytesDown: 202,
      firstMs: Date.parse('2031-05-04T12:00:00.123Z'),
      lastMs: Date.parse('2031-05-04T12:00:09.000Z'),
      outcomes: [
        {
          event: 'decision',
          decision: 'allow',
          reason: 'allowed-by-rule',
          rule: 'api.example.com',
          alias: undefined,
          reportOnly: false,
          count: 1,
        },
        {
          event: 'close',
          decision: 'deny',
          reason: 'sni-mismatch',
          rule: 'api.example.com',
          alias: undefined,
          reportOnly: false,
          count: 1,
        },
      ],
    });
    expect(targets.map(({ allowed, denied, wouldDeny }) => [allowed, denied, wouldDeny])).toEqual([
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
      [0, 1, 0],
      [0, 1, 0],
      [1, 0, 0],
    ]);
  });

  it('reads the same however the log is cut into pieces', () => {
    const whole = usageOf(LOG);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 30 }), (pieces) => {
        expect(usageOf(LOG, pieces)).toEqual(whole);
      }),
      { numRuns: 300 },
    );
  });

  it('takes nothing of a piece that is used again', () => {
    const collector = new UsageCollector();
    const reader = new UsageReader(collector);
    const buffer = new TextEncoder().encode(line({}).slice(0, 50));
    reader.push(buffer);
    buffer.fill(0);
    reader.push(new TextEncoder().encode(line({}).slice(50)));
    reader.end();
    expect(collector.usage().targets).toHaveLength(1);
  });

  it('counts what is too long or is nothing as unreadable, and goes on', () => {
    const long = 'x'.repeat(200_000);
    for (const pieces of [[], [100_000, 50_000, 40_000], [65_536, 65_536, 65_536]]) {
      const { lines, unreadable, targets } = usageOf(
        `${long}\n${line({})}\n{"event":"decision"}\n[]\n${long}`,
        pieces,
      );
      expect({ lines, unreadable, seen: targets.length }).toEqual({ lines: 1, unreadable: 4, seen: 1 });
    }
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 20 }), (chunks) => {
        const collector = new UsageCollector();
        const reader = new UsageReader(collector);
        for (const chunk of chunks) reader.push(chunk);
        reader.end();
        const { lines, unreadable } = collector.usage();
        expect(lines).toBe(0);
        expect(unreadable).toBeLessThanOrEqual(chunks.reduce((sum, { length }) => sum + length, 0));
      }),
    );
  });

  it('keeps no more than it may, and counts what it does not keep', () => {
    const log = Array.from({ length: 1000 }, (_, index) => line({ host: `h${index}.example` })).join('\n');
    const { targets, overflow } = usageOf(log, [], 100);
    expect(targets).toHaveLength(50);
    expect(overflow).toBe(950);
  });
});

describe('parseAuditLine()', () => {
  it.each([
    ['{"event":"decision"', undefined],
    ['null', undefined],
    [line({ decision: 'maybe' }), undefined],
    [line({ time: 'yesterday' }), undefined],
    [line({ host: 'x'.repeat(300) }), undefined],
    [line({ reason: 'x'.repeat(100) }), undefined],
    ['1935835203.000      0 - TCP_DENIED/400 0 - - - HIER_NONE/- -', 'other'],
    ['04/May/2031:12:00:02 +0000 10.0.0.5 TCP_DENIED/400 - - BLOCKED', 'other'],
    ['99/Foo/2031:12:00:02 +0000 10.0.0.5 TCP_DENIED/403 CONNECT a.example:443 BLOCKED', undefined],
  ])('reads %s as %s', (text, expected) => {
    expect(parseAuditLine(text)).toBe(expected);
  });

  it('reads the target of an IPv6 CONNECT without its brackets', () => {
    const text = '04/May/2031:12:00:02 +0000 10.0.0.5 TCP_DENIED/403 CONNECT [2001:db8::1]:8443 BLOCKED';
    expect(parseAuditLine(text)).toEqual({
      event: 'decision',
      time: '2031-05-04T12:00:02.000Z',
      host: '2001:db8::1',
      port: 8443,
      decision: 'deny',
      reason: 'blocked',
      bytesUp: 0,
      bytesDown: 0,
    });
  });
});
