import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Io } from '../io.ts';
import { ProgressBar } from './progress-bar.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function stream(isTTY: boolean) {
  const written: string[] = [];
  const write = (text: string) => written.push(text) > 0;
  return { written, stderr: { isTTY, write } as unknown as Io['stderr'] };
}

describe('ProgressBar', () => {
  it('draws on a terminal how far it is, ten times a second at most, and takes the line away', () => {
    const { written, stderr } = stream(true);
    const bar = new ProgressBar(stderr, { label: 'Reading a', total: 4e6 });
    vi.advanceTimersByTime(1000);
    bar.advance(1e6);
    bar.advance(1e6);
    vi.advanceTimersByTime(1000);
    bar.advance(1e6);
    bar.end();
    expect(written).toEqual([
      '\rReading a [########......................] 25 % 1 MB, 1 MB/s\u001b[K',
      '\rReading a [#######################.......] 75 % 3 MB, 2 MB/s\u001b[K',
      '\r\u001b[K',
    ]);
  });

  it('says how much it was where nobody knows how much there is', () => {
    const { written, stderr } = stream(true);
    vi.advanceTimersByTime(1);
    new ProgressBar(stderr, { label: 'Reading -' }).advance(5e6);
    expect(written).toEqual([expect.stringMatching(/^\rReading - 5 MB, \d+ MB\/s/)]);
  });

  it('writes nothing where there is no terminal', () => {
    const { written, stderr } = stream(false);
    const bar = new ProgressBar(stderr, { label: 'Reading a', total: 10 });
    bar.advance(10);
    bar.end();
    expect(written).toEqual([]);
  });
});
