import { parseCidr, parseHost } from '@paude/allowlist';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { followClientNames } from './client-names.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('followClientNames()', () => {
  it('says which names have no address, once, and again when that changes', async () => {
    const table: Record<string, string[]> = { 'pod.test': ['192.0.2.1'] };
    const told: unknown[] = [];
    const stop = await followClientNames(
      { networks: [parseCidr('198.51.100.0/24')], names: ['pod.test', 'gone.test'].map(parseHost) },
      {
        onNetworks: (networks) => told.push(networks.length),
        onMissing: (names) => told.push([...names]),
      },
      { lookUp: async (name) => table[name] ?? [] },
    );
    expect(told).toEqual([['gone.test'], 2]);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(told).toHaveLength(2);
    table['gone.test'] = ['192.0.2.2', '2001:db8::2'];
    await vi.advanceTimersByTimeAsync(5000);
    expect(told.slice(2)).toEqual([[], 4]);
    delete table['pod.test'];
    await vi.advanceTimersByTimeAsync(5000);
    expect(told.slice(4)).toEqual([['pod.test'], 3]);
    stop();
    table['pod.test'] = ['192.0.2.3'];
    await vi.advanceTimersByTimeAsync(20_000);
    expect(told).toHaveLength(6);
  });
});
