import { afterEach, describe, expect, it } from 'vitest';
import { bulkBuffersInUse, giveBulkBuffer, sharedBuffer, takeBulkBuffer } from './buffers.ts';

describe('bulk buffers', () => {
  const taken: Buffer[] = [];
  const take = (): Buffer | undefined => {
    const buffer = takeBulkBuffer();
    if (buffer !== undefined) taken.push(buffer);
    return buffer;
  };
  const give = (buffer: Buffer, reusable: boolean) => {
    taken.splice(taken.indexOf(buffer), 1);
    giveBulkBuffer(buffer, reusable);
  };

  afterEach(() => {
    for (const buffer of [...taken]) give(buffer, false);
    expect(bulkBuffersInUse()).toBe(0);
  });

  it('are never the shared buffer and never the same twice at a time', () => {
    const buffers = Array.from({ length: 20 }, take);
    expect(new Set(buffers).size).toBe(20);
    expect(buffers).not.toContain(sharedBuffer);
    expect(bulkBuffersInUse()).toBe(20);
  });

  it('are taken again once they are given back, but not one that the kernel may still read from', () => {
    const [first, second] = [take(), take()];
    if (first === undefined || second === undefined) throw new Error('no buffers');
    give(first, true);
    give(second, false);
    const later = Array.from({ length: 20 }, take);
    expect(later).toContain(first);
    expect(later).not.toContain(second);
  });

  it('come to an end, so that transfers do not fill memory', () => {
    let count = 0;
    while (count < 10_000 && take() !== undefined) count++;
    expect(count).toBeLessThanOrEqual(1024);
    expect(take()).toBeUndefined();
    const [last] = taken;
    if (last !== undefined) give(last, true);
    expect(take()).toBeDefined();
  });
});
