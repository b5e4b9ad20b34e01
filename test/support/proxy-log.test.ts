import { expect, test } from 'vitest';
import { ProxyLog } from './proxy-log.ts';

test('ProxyLog picks events out of the lines, and passes over what is not one', () => {
  const lines = ['{"event":"listening","port":1}', 'not JSON', '[1]', '{"event":"decision","host":"a.test"}'];
  const log = new ProxyLog(lines);
  expect(log.events()).toHaveLength(2);
  expect(log.events({ event: 'decision' })).toEqual([{ event: 'decision', host: 'a.test' }]);
  expect(log.events((event) => 'port' in event)).toEqual([{ event: 'listening', port: 1 }]);
});

test('ProxyLog waits for events to come', async () => {
  const lines: string[] = [];
  const log = new ProxyLog(lines);
  setTimeout(() => lines.push('{"event":"close"}'), 20);
  expect(await log.waitFor({ event: 'close' })).toEqual({ event: 'close' });
  await expect(log.waitFor({ event: 'never' }, { timeoutMs: 20 })).rejects.toThrow('{"event":"never"}');
});
